-- Published for joins by other folders: read-only, and the only part of the registry they may read
-- without its functions.

-- Everything that is bound now, with its current description.
CREATE VIEW registry.entity_now AS
SELECT
    e.entity_key,
    e.code,
    e.kind,
    v.class,
    v.names,
    v.geometry,
    v.area_key,
    area.code AS area_code,
    district.ancestor_key AS district_area_key,
    gbt2260.value AS district_code,
    v.owner_key,
    owner.code AS owner_code,
    v.attributes,
    v.source_frame,
    e.external_key,
    e.bound_at,
    lower(v.valid) AS valid_from
FROM registry.entity e
JOIN registry.entity_version v
    ON v.entity_key = e.entity_key AND upper_inf(v.valid)
LEFT JOIN registry.entity area
    ON area.entity_key = v.area_key
LEFT JOIN registry.entity owner
    ON owner.entity_key = v.owner_key
-- An area lies in its own district, and a district in itself.
LEFT JOIN registry.area_nesting district
    ON district.area_key = CASE WHEN e.kind = 'A' THEN e.entity_key ELSE v.area_key END
    AND district.ancestor_class = 'district'
LEFT JOIN registry.alias gbt2260
    ON gbt2260.entity_key = district.ancestor_key
    AND gbt2260.scheme = 'gbt2260'
    AND upper_inf(gbt2260.valid)
WHERE e.state = 'bound';

-- What stands on what now.
CREATE VIEW registry.mounted_now AS
SELECT
    r.subject_key,
    subject.code AS subject_code,
    r.object_key,
    object.code AS object_code,
    lower(r.valid) AS valid_from
FROM registry.relation r
JOIN registry.entity subject ON subject.entity_key = r.subject_key
JOIN registry.entity object ON object.entity_key = r.object_key
WHERE r.predicate = 'mountedOn' AND upper_inf(r.valid);

-- Which areas lie in which, themselves included (depth 0).
CREATE VIEW registry.area_within AS
SELECT
    n.area_key,
    area.code AS area_code,
    n.ancestor_key,
    ancestor.code AS ancestor_code,
    n.ancestor_class,
    n.depth
FROM registry.area_nesting n
JOIN registry.entity area ON area.entity_key = n.area_key
JOIN registry.entity ancestor ON ancestor.entity_key = n.ancestor_key;
