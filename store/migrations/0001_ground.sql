-- The extensions, and what the hypertables were derived from.

CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA IF NOT EXISTS store;

-- The Apache edition carries a job that its licence forbids to run: it would fail, and log, every month.
DO $$
BEGIN
    IF current_setting('timescaledb.license') = 'apache'
       AND has_table_privilege('_timescaledb_config.bgw_job', 'UPDATE') THEN
        UPDATE _timescaledb_config.bgw_job
        SET scheduled = false
        WHERE id = 3;
    END IF;
END
$$;

CREATE TABLE store.metric (
    profile text NOT NULL,
    name text NOT NULL,
    bit smallint NOT NULL CHECK (bit BETWEEN 0 AND 62),
    storage text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (profile, name),
    UNIQUE (profile, bit)
);

COMMENT ON TABLE store.metric IS
    'Which bit and type each telemetry column was made with; neither ever changes or is used again.';
