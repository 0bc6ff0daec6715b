-- How far the ledger has been followed, the hours that air indices are made from, and the signs.

CREATE SCHEMA IF NOT EXISTS vitals;

CREATE TABLE vitals.follower (
    name         text        PRIMARY KEY,
    xid          bigint      NOT NULL,
    batch_id     bigint      NOT NULL,
    followed_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE vitals.follower IS
    'The place in store.ingest_batch, in commit order, up to which everything has been taken up.';

-- Written in the follower''s transaction, taken away in the one that brings the hour up to date.
CREATE TABLE vitals.due_hour (
    profile  text        NOT NULL,
    hour     timestamptz NOT NULL,
    PRIMARY KEY (profile, hour)
);

CREATE TABLE vitals.hour_mean (
    device_key  integer     NOT NULL,
    hour        timestamptz NOT NULL,
    pm25        double precision,
    pm10        double precision,
    so2         double precision,
    no2         double precision,
    o3          double precision,
    co          double precision,
    PRIMARY KEY (device_key, hour)
);

COMMENT ON TABLE vitals.hour_mean IS
    'Valid 1-h means (45 minutes of data) of the last day and a bit: µg/m3, co mg/m3; NULL = not valid.';

CREATE INDEX hour_mean_by_hour ON vitals.hour_mean (hour);

CREATE TABLE vitals.sign_now (
    area_key    bigint           NOT NULL,
    indicator   text             NOT NULL,
    ts          timestamptz      NOT NULL,
    changed_at  timestamptz      NOT NULL,
    value       double precision,
    status      text             NOT NULL CHECK (status IN ('ok', 'na', 'stale', 'not-monitored')),
    level       smallint,
    coverage    real             NOT NULL CHECK (coverage BETWEEN 0 AND 1),
    norm        text             NOT NULL,
    reason      text,
    detail      jsonb            NOT NULL,
    PRIMARY KEY (area_key, indicator),
    CHECK ((status = 'ok') = (value IS NOT NULL)),
    CHECK ((status = 'ok') = (level IS NOT NULL))
) WITH (fillfactor = 50);

COMMENT ON COLUMN vitals.sign_now.changed_at IS
    'when value, status, level, norm or reason last became what they are';

-- One row when a sign changes, and one an hour while it does not.
CREATE TABLE vitals.sign (
    area_key   bigint           NOT NULL,
    indicator  text             NOT NULL,
    ts         timestamptz      NOT NULL,
    value      double precision,
    status     text             NOT NULL,
    level      smallint,
    coverage   real             NOT NULL,
    norm       text             NOT NULL,
    reason     text,
    detail     jsonb            NOT NULL,
    PRIMARY KEY (area_key, indicator, ts)
);
