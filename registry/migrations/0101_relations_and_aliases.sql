-- How entities hang together, and the names that others have for them; both dated.
CREATE TABLE registry.relation (
    relation_key  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_key   bigint      NOT NULL REFERENCES registry.entity,
    predicate     text        NOT NULL CHECK (predicate IN ('mountedOn', 'supersededBy')),
    object_key    bigint      NOT NULL REFERENCES registry.entity,
    valid         tstzrange   NOT NULL
                              CHECK (NOT isempty(valid) AND NOT lower_inf(valid)
                                     AND lower_inc(valid) AND NOT upper_inc(valid)),
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (subject_key <> object_key),
    CONSTRAINT mounted_on_one_thing_at_a_time
        EXCLUDE USING gist (subject_key WITH =, valid WITH &&) WHERE (predicate = 'mountedOn'),
    CONSTRAINT stated_once_at_a_time
        EXCLUDE USING gist (subject_key WITH =, predicate WITH =, object_key WITH =, valid WITH &&)
        WHERE (predicate <> 'mountedOn')
);

CREATE INDEX relation_of_subject
    ON registry.relation (subject_key, predicate) WHERE upper_inf(valid);
CREATE INDEX relation_of_object
    ON registry.relation (object_key, predicate) WHERE upper_inf(valid);

CREATE TABLE registry.alias (
    alias_key    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scheme       text        COLLATE "C" NOT NULL CHECK (scheme ~ '^[a-z][a-z0-9:._-]*$'),
    value        text        COLLATE "C" NOT NULL CHECK (value <> ''),
    entity_key   bigint      NOT NULL REFERENCES registry.entity,
    valid        tstzrange   NOT NULL
                             CHECK (NOT isempty(valid) AND NOT lower_inf(valid)
                                    AND lower_inc(valid) AND NOT upper_inc(valid)),
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT alias_names_one_thing_at_a_time
        EXCLUDE USING gist (scheme WITH =, value WITH =, valid WITH &&),
    CONSTRAINT one_alias_per_scheme_at_a_time
        EXCLUDE USING gist (entity_key WITH =, scheme WITH =, valid WITH &&)
);

CREATE INDEX alias_of_entity ON registry.alias (entity_key, scheme) WHERE upper_inf(valid);
