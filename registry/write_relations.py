"""Relations of a city file's features, made to hold from an instant on.

In: which relations each feature states. Out: how many were opened or ended. What a feature states
is the whole truth of it: what held before and is not stated ends; of a feature that states nothing,
nothing changes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from registry.dated import end
from registry.errors import BadCityFile, Problem

_STAGE = """
    CREATE TEMP TABLE registry_incoming_relation (
        subject    text COLLATE "C" NOT NULL,
        predicate  text,
        position   text,
        object     text COLLATE "C"
    ) ON COMMIT DROP
"""

_NO_LONGER_STATED = """
    d.predicate NOT IN ('mountedOn', 'supersededBy')
    AND d.subject_key IN (
        SELECT e.entity_key
        FROM registry_incoming_relation i
        JOIN registry.entity e ON e.code = i.subject
    )
    AND NOT EXISTS (
        SELECT
        FROM registry_incoming_relation i
        JOIN registry.entity subject ON subject.code = i.subject
        JOIN registry.entity object ON object.code = i.object
        WHERE subject.entity_key = d.subject_key
          AND object.entity_key = d.object_key
          AND i.predicate = d.predicate
          AND i.position IS NOT DISTINCT FROM d.position
    )
"""

_BEGIN = """
    INSERT INTO registry.relation (subject_key, predicate, position, object_key, valid)
    SELECT subject.entity_key, i.predicate, i.position, object.entity_key, tstzrange(%(at)s, NULL)
    FROM registry_incoming_relation i
    JOIN registry.entity subject ON subject.code = i.subject
    JOIN registry.entity object ON object.code = i.object
    WHERE NOT EXISTS (
        SELECT
        FROM registry.relation r
        WHERE r.subject_key = subject.entity_key
          AND r.predicate = i.predicate
          AND r.position IS NOT DISTINCT FROM i.position
          AND r.object_key = object.entity_key
          AND upper_inf(r.valid)
    )
"""

# partOf is the predicate that nests; what the file says is followed through what held before.
_IN_ITSELF = """
    WITH RECURSIVE upward (start_key, entity_key) AS (
        SELECT r.subject_key, r.object_key
        FROM registry_incoming_relation i
        JOIN registry.entity e ON e.code = i.subject
        JOIN registry.relation r ON r.subject_key = e.entity_key
        WHERE i.predicate = 'partOf'
          AND r.predicate = 'partOf'
          AND upper_inf(r.valid)
        UNION
        SELECT upward.start_key, r.object_key
        FROM upward
        JOIN registry.relation r ON r.subject_key = upward.entity_key
        WHERE r.predicate = 'partOf'
          AND upper_inf(r.valid)
          AND upward.entity_key <> upward.start_key
    )
    SELECT e.code, e.external_key
    FROM upward
    JOIN registry.entity e ON e.entity_key = upward.start_key
    WHERE upward.entity_key = upward.start_key
    LIMIT 1
"""


class Incoming(NamedTuple):
    """One relation, or, with nothing but the subject, that all of its relations are stated."""

    subject: str
    predicate: str | None
    position: str | None
    object: str | None


async def write_relations(
    conn: AsyncConnection[Any], incoming: Iterable[Incoming], at: datetime
) -> int:
    """Make the relations hold from `at` on, inside the caller's transaction.

    Returns:
        How many began or ended.

    Raises:
        BadCityFile: something would be part of itself.
    """
    await conn.execute(_STAGE)
    async with conn.cursor().copy("COPY registry_incoming_relation FROM STDIN") as copy:
        for each in incoming:
            await copy.write_row(each)
    await conn.execute("ANALYZE registry_incoming_relation")
    ended = await end(conn, "relation", _NO_LONGER_STATED, {"at": at})
    began = (await conn.execute(_BEGIN, {"at": at})).rowcount
    row = await (await conn.execute(_IN_ITSELF)).fetchone()
    await conn.execute("DROP TABLE registry_incoming_relation")
    if row is not None:
        code, key = row
        rule = f"({code}) would come to be part of itself by what the registry knows"
        raise BadCityFile([Problem(-1, "properties.relations", key, rule)])
    return began + ended
