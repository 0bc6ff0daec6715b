-- What each column means, beside the column: for those who read the database without us.
-- `citypulse db migrate` keeps it as the catalogue says.
ALTER TABLE store.metric
    ADD COLUMN names jsonb,
    ADD COLUMN unit text,
    ADD COLUMN low double precision,
    ADD COLUMN high double precision,
    ADD COLUMN resolution double precision,
    ADD COLUMN suspect_low double precision,
    ADD COLUMN suspect_high double precision,
    ADD COLUMN aggregation text,
    ADD COLUMN weight text,
    ADD COLUMN rolls_over_at double precision,
    ADD COLUMN states jsonb,
    ADD COLUMN grade text,
    ADD COLUMN source text;

COMMENT ON TABLE store.metric IS
    'The catalogue of telemetry columns. Bit and storage are what the column was made with, never'
    ' change and are never used again; the other facts follow the catalogue. Unit: UCUM.';
