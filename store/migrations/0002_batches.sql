-- What ingest writes besides telemetry rows: one ledger row a commit, quarantine, conflicts.

CREATE SEQUENCE store.ingest_batch_id AS bigint;

CREATE TABLE store.ingest_batch (
    batch_id bigint PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    member text NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    messages integer NOT NULL,
    readings integer NOT NULL,
    stored integer NOT NULL,
    merged integer NOT NULL,
    duplicate integer NOT NULL,
    conflict integer NOT NULL,
    quarantined integer NOT NULL,
    spans jsonb NOT NULL,
    counts jsonb NOT NULL,
    min_late_s double precision,
    max_late_s double precision,
    CHECK (readings = stored + merged + duplicate + conflict)
);

COMMENT ON TABLE store.ingest_batch IS
    'One row per commit of ingest, append only. Readers follow it by (xid, batch_id), below the snapshot''s xmin.';
COMMENT ON COLUMN store.ingest_batch.readings IS 'admitted readings: stored + merged + duplicate + conflict';
COMMENT ON COLUMN store.ingest_batch.quarantined IS 'quarantine rows of this commit: readings, or whole messages, not admitted';
COMMENT ON COLUMN store.ingest_batch.spans IS '[{profile, from, to, rows}]: first and last instant (RFC 3339, both inclusive) of the readings';
COMMENT ON COLUMN store.ingest_batch.counts IS '[{hour, district, profile, readings}]';

CREATE UNIQUE INDEX ingest_batch_tail ON store.ingest_batch (xid, batch_id);
CREATE INDEX ingest_batch_committed ON store.ingest_batch USING brin (committed_at);

CREATE TABLE store.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    topic text NOT NULL,
    raw bytea,
    reason text NOT NULL,
    detail text NOT NULL,
    reading_index integer,
    batch_id bigint NOT NULL,
    message integer NOT NULL,
    replayed_at timestamptz
);

COMMENT ON COLUMN store.quarantine.message IS
    'which message of the batch; of several rows for one message the first alone carries raw';

CREATE INDEX quarantine_received ON store.quarantine (received_at, id);
CREATE INDEX quarantine_message ON store.quarantine (batch_id, message) WHERE raw IS NOT NULL;

CREATE TABLE store.conflict (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    batch_id bigint NOT NULL,
    profile text NOT NULL,
    device_key integer NOT NULL,
    ts timestamptz NOT NULL,
    metric text NOT NULL,
    kept double precision NOT NULL,
    refused double precision NOT NULL
);

COMMENT ON TABLE store.conflict IS
    'Second, different values for a metric that already had one at that instant; the first was kept.';

CREATE INDEX conflict_device ON store.conflict (device_key, ts);

CREATE TABLE store.latest (
    device_key integer PRIMARY KEY,
    ts timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    metrics jsonb NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE store.latest IS
    'Newest value per device and metric: {"pm25": {"v": 35.2, "ts": "…", "q": 1}}; q as QARTOD: 1 good, 3 suspect, 4 fail.';

CREATE VIEW store.ingest_hour AS
SELECT
    (entry ->> 'hour')::timestamptz AS hour,
    entry ->> 'district' AS district,
    entry ->> 'profile' AS profile,
    sum((entry ->> 'readings')::integer) AS readings
FROM store.ingest_batch
CROSS JOIN LATERAL jsonb_array_elements(counts) AS entry
GROUP BY 1, 2, 3;

COMMENT ON VIEW store.ingest_hour IS 'Published: admitted readings per hour of measurement, district and profile.';
