-- A quiet city commits several small batches a second, and each counts its districts: as a list of
-- objects that took 2 kB a row, nested it takes a quarter. {hour: {profile: {district: readings}}}.
DROP VIEW store.ingest_hour;

UPDATE store.ingest_batch
SET counts = (
    SELECT coalesce(jsonb_object_agg(hour, profiles), '{}')
    FROM (
        SELECT hour, jsonb_object_agg(profile, districts) AS profiles
        FROM (
            SELECT
                entry ->> 'hour' AS hour,
                entry ->> 'profile' AS profile,
                jsonb_object_agg(entry ->> 'district', entry -> 'readings') AS districts
            FROM jsonb_array_elements(counts) AS entry
            GROUP BY 1, 2
        ) AS by_profile
        GROUP BY hour
    ) AS by_hour
)
WHERE jsonb_typeof(counts) = 'array';

COMMENT ON COLUMN store.ingest_batch.counts IS
    '{hour: {profile: {district: readings}}}: admitted readings by hour of measurement';

CREATE VIEW store.ingest_hour AS
SELECT
    hours.hour::timestamptz AS hour,
    districts.district,
    profiles.profile,
    sum(districts.readings::integer) AS readings
FROM store.ingest_batch
CROSS JOIN LATERAL jsonb_each(counts) AS hours (hour, profiles)
CROSS JOIN LATERAL jsonb_each(hours.profiles) AS profiles (profile, districts)
CROSS JOIN LATERAL jsonb_each_text(profiles.districts) AS districts (district, readings)
GROUP BY 1, 2, 3;

COMMENT ON VIEW store.ingest_hour IS
    'Published: admitted readings per hour of measurement, district and profile.';
