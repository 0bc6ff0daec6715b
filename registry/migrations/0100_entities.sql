-- City codes and what they name. An entity is its code; what is true of it, and when, are its
-- versions. Nothing here is ever deleted: a code outlives the thing it named.
CREATE SCHEMA IF NOT EXISTS registry;

-- Who may issue which codes. next_index only grows, under the row's lock: an index that was handed
-- out and not used is burnt, never handed out again.
CREATE TABLE registry.block (
    kind        text        NOT NULL CHECK (kind ~ '^[ABCDGJLMR]$'),
    block       text        COLLATE "C" NOT NULL CHECK (block ~ '^[0-9A-HJ-NPQRTUWXY]{3}$'),
    next_index  integer     NOT NULL DEFAULT 0 CHECK (next_index BETWEEN 0 AND 923521),
    authority   text        NOT NULL CHECK (authority <> ''),
    opened_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, block)
);

CREATE TABLE registry.entity (
    entity_key    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text        COLLATE "C" NOT NULL UNIQUE
                              CHECK (code ~ '^[ABCDGJLMR][0-9A-HJ-NPQRTUWXY]{8}$'),
    -- Generated, so that a thing can't change its kind without becoming another thing.
    kind          text        NOT NULL GENERATED ALWAYS AS (left(code, 1)) STORED,
    state         text        NOT NULL DEFAULT 'minted'
                              CHECK (state IN ('minted', 'bound', 'retired', 'void')),
    external_key  text        UNIQUE CHECK (external_key <> ''),
    minted_at     timestamptz NOT NULL DEFAULT now(),
    bound_at      timestamptz,
    ended_at      timestamptz,
    end_reason    text,
    CHECK ((state IN ('bound', 'retired')) = (bound_at IS NOT NULL)),
    CHECK ((state IN ('bound', 'retired')) = (external_key IS NOT NULL)),
    CHECK ((state IN ('retired', 'void')) = (ended_at IS NOT NULL)),
    CHECK ((state IN ('retired', 'void')) = (end_reason IS NOT NULL))
);

CREATE FUNCTION registry.refuse_new_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a code is for ever: % may not become %', OLD.code, NEW.code
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER code_is_for_ever BEFORE UPDATE OF code ON registry.entity
    FOR EACH ROW WHEN (OLD.code IS DISTINCT FROM NEW.code)
    EXECUTE FUNCTION registry.refuse_new_code();

CREATE TABLE registry.entity_version (
    version_key    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_key     bigint      NOT NULL REFERENCES registry.entity,
    valid          tstzrange   NOT NULL
                               CHECK (NOT isempty(valid) AND NOT lower_inf(valid)
                                      AND lower_inc(valid) AND NOT upper_inc(valid)),
    names          jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(names) = 'object'),
    class          text        NOT NULL CHECK (class <> ''),
    geometry       geometry(Geometry, 4326),
    -- What stands on something and has no geometry of its own is where that thing is.
    follows_mount  boolean     NOT NULL DEFAULT false,
    area_key       bigint      REFERENCES registry.entity,
    area_source    text        NOT NULL DEFAULT 'none'
                               CHECK (area_source IN ('given', 'geometry', 'mount', 'none')),
    owner_key      bigint      REFERENCES registry.entity,
    attributes     jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    source_frame   text        NOT NULL DEFAULT 'WGS 84',
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((area_key IS NULL) = (area_source = 'none')),
    CONSTRAINT one_version_at_a_time EXCLUDE USING gist (entity_key WITH =, valid WITH &&)
);

-- The current version is the open one: no version may begin in the future.
CREATE UNIQUE INDEX entity_version_current
    ON registry.entity_version (entity_key) WHERE upper_inf(valid);
CREATE INDEX entity_version_current_geometry
    ON registry.entity_version USING gist (geometry) WHERE upper_inf(valid);
CREATE INDEX entity_version_current_area
    ON registry.entity_version (area_key) WHERE upper_inf(valid);
CREATE INDEX entity_version_current_class
    ON registry.entity_version (class) WHERE upper_inf(valid);
-- Areas alone, so that "which areas cover this point" does not wade through what lies in them.
CREATE INDEX entity_version_current_area_shape
    ON registry.entity_version USING gist (geometry)
    WHERE upper_inf(valid) AND class IN ('city', 'district', 'sub-district', 'community');
