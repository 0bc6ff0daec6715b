"""How many values of a metric become one in SQL, as its physics demands (`Aggregation`)."""

from psycopg import sql

from city.profiles import Aggregation, Metric, Profile

# Over rows named `reading` with v (double precision), ts, rise (see `rise`) and w (see `weight`).
_EXPRESSIONS = {
    Aggregation.MEAN: sql.SQL("avg(v)"),
    Aggregation.ENERGY_MEAN: sql.SQL("10 * log(avg(power(10, v / 10)))"),
    # Of opposite winds any angle is as good as another: atan2(0, 0) is 0.
    Aggregation.CIRCULAR_MEAN: sql.SQL(
        "mod(degrees(atan2(avg(sin(radians(v))), avg(cos(radians(v)))))::numeric + 360, 360)"
    ),
    # Distance over time. Where no vehicle was counted, all weights are nought: what is left then is
    # how those fared who were seen, which is 0 for a queue that stands.
    Aggregation.FLOW_HARMONIC_MEAN: sql.SQL(
        "coalesce(sum(w) FILTER (WHERE w > 0 AND v > 0) / sum(w / v) FILTER (WHERE w > 0 AND v > 0)"
        ", avg(v))"
    ),
    Aggregation.MAX: sql.SQL("max(v)"),
    Aggregation.LAST: sql.SQL("last(v, ts)"),
    Aggregation.SUM: sql.SQL("sum(v)"),
    Aggregation.COUNTER_DIFFERENCE: sql.SQL("coalesce(sum(rise), 0)"),
}

_RISE = sql.SQL("""
CASE
    WHEN v >= lag(v) OVER by_time THEN v - lag(v) OVER by_time
    WHEN lag(v) OVER by_time > {nearly_full} AND v < {nearly_empty}
        THEN v + {rolls_over_at} - lag(v) OVER by_time
    WHEN lag(v) OVER by_time IS NOT NULL THEN v
END
""")
_ROLLING = 0.1
"""A register that falls from its last tenth to its first has rolled over; any other was reset."""

NOTHING = sql.SQL("NULL::double precision")


def rise(metric: Metric) -> sql.Composable:
    """A counter's increase since the reading before; after a reset it starts from 0.

    NULL for what is no counter.
    """
    if metric.aggregation is not Aggregation.COUNTER_DIFFERENCE:
        return NOTHING
    full = metric.rolls_over_at
    return _RISE.format(
        nearly_full=NOTHING if full is None else sql.Literal(full * (1 - _ROLLING)),
        nearly_empty=NOTHING if full is None else sql.Literal(full * _ROLLING),
        rolls_over_at=NOTHING if full is None else sql.Literal(full),
    )


def weight(profile: Profile, metric: Metric) -> sql.Composable:
    """What a reading counts for, from the same row; NULL where it has none, or a failed one."""
    if metric.weight is None:
        return NOTHING
    weighing = profile.metric(metric.weight)
    return sql.SQL("CASE WHEN failed & {bit}::bigint = 0 THEN {name}::double precision END").format(
        bit=sql.Literal(1 << weighing.bit), name=sql.Identifier(weighing.name)
    )


def expression(metric: Metric) -> sql.Composable:
    """The aggregate over ``v``, ``w``, ``ts`` and ``rise``, in the metric's unit."""
    return sql.SQL("({})::double precision").format(_EXPRESSIONS[metric.aggregation])
