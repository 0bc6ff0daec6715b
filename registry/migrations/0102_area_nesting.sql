-- Every area with every area it lies in, itself included (depth 0), as of now: derived from the
-- current versions of areas and rewritten when one of them changes, so that reads need no recursion.
CREATE TABLE registry.area_nesting (
    area_key        bigint   NOT NULL REFERENCES registry.entity,
    ancestor_key    bigint   NOT NULL REFERENCES registry.entity,
    ancestor_class  text     NOT NULL,
    depth           smallint NOT NULL CHECK (depth >= 0),
    PRIMARY KEY (area_key, ancestor_key)
);

CREATE INDEX area_nesting_of_ancestor ON registry.area_nesting (ancestor_key, area_key);
