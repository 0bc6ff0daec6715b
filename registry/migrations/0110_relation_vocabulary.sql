-- More ways in which entities hang together. A link connects two junctions, each in its place:
-- where it comes from and where it leads to.
ALTER TABLE registry.relation
    ADD COLUMN position text CHECK (position IN ('from', 'to')),
    DROP CONSTRAINT relation_predicate_check,
    ADD CONSTRAINT relation_predicate_check CHECK (
        predicate IN (
            'mountedOn', 'supersededBy',
            'partOf', 'connects', 'feeds', 'above', 'operatedBy', 'locatedIn', 'observedBy'
        )
    ),
    ADD CONSTRAINT what_connects_has_a_position
        CHECK ((predicate = 'connects') = (position IS NOT NULL)),
    ADD CONSTRAINT one_junction_at_each_end_at_a_time
        EXCLUDE USING gist (subject_key WITH =, position WITH =, valid WITH &&)
        WHERE (predicate = 'connects'),
    -- A ring begins and ends at the same junction: stated twice, in different positions.
    DROP CONSTRAINT stated_once_at_a_time,
    ADD CONSTRAINT stated_once_at_a_time
        EXCLUDE USING gist (subject_key WITH =, predicate WITH =, object_key WITH =, valid WITH &&)
        WHERE (predicate NOT IN ('mountedOn', 'connects'));

-- Every relation that holds now, for joins by other folders.
CREATE VIEW registry.relation_now AS
SELECT
    r.subject_key,
    subject.code AS subject_code,
    r.predicate,
    r.position,
    r.object_key,
    object.code AS object_code,
    lower(r.valid) AS valid_from
FROM registry.relation r
JOIN registry.entity subject ON subject.entity_key = r.subject_key
JOIN registry.entity object ON object.entity_key = r.object_key
WHERE upper_inf(r.valid)
  AND r.predicate <> 'supersededBy';
