-- Terminals as equipment. The registry says what and where a device is; this says how it is known
-- to the database (a four-byte key in every telemetry row) and to the broker (a credential).
CREATE SCHEMA IF NOT EXISTS devices;

CREATE TABLE devices.device (
    device_key     integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_key     bigint      NOT NULL UNIQUE REFERENCES registry.entity,
    profile        text        NOT NULL CHECK (profile <> ''),
    registered_at  timestamptz NOT NULL DEFAULT now(),
    enrolled_at    timestamptz,
    retired_at     timestamptz
);

CREATE TABLE devices.credential (
    credential_key  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_key      integer     NOT NULL REFERENCES devices.device,
    username        text        COLLATE "C" NOT NULL,
    -- Mosquitto's form: $7$iterations$salt$hash, PBKDF2 with HMAC-SHA-512. The secret is nowhere.
    password_hash   text        NOT NULL
                                CHECK (password_hash ~ '^\$7\$[0-9]+\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*$'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    revoked_at      timestamptz
);

CREATE UNIQUE INDEX credential_in_force
    ON devices.credential (device_key) WHERE revoked_at IS NULL;

-- Published for joins: every device in service, and where the registry says it is.
CREATE VIEW devices.device_now AS
SELECT
    d.device_key,
    d.entity_key,
    e.code,
    d.profile,
    e.names,
    e.attributes,
    e.district_code,
    e.district_area_key,
    e.area_key,
    e.area_code,
    m.object_key AS mounted_on_key,
    m.object_code AS mounted_on_code,
    ST_X(ST_PointOnSurface(e.geometry)) AS lon,
    ST_Y(ST_PointOnSurface(e.geometry)) AS lat,
    d.enrolled_at
FROM devices.device d
JOIN registry.entity_now e ON e.entity_key = d.entity_key
LEFT JOIN registry.mounted_now m ON m.subject_key = d.entity_key
WHERE d.retired_at IS NULL;
