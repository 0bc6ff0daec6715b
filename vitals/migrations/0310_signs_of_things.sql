-- Signs are of things of any kind: areas, routes, links. The column keeps its name, so that the
-- version before still runs on this schema.
COMMENT ON COLUMN vitals.sign_now.area_key IS
    'the entity (registry.entity.entity_key) the sign is of: an area, a route, a link';
COMMENT ON COLUMN vitals.sign.area_key IS
    'the entity (registry.entity.entity_key) the sign is of: an area, a route, a link';
