"""How many values of a metric become one in SQL, as its physics demands (`Aggregation`)."""

from psycopg import sql

from city.profiles import Aggregation, Metric
from store.errors import BadRange

# Over rows named `reading` with v (double precision), ts, and rise: see RISE.
_EXPRESSIONS = {
    Aggregation.MEAN: sql.SQL("avg(v)"),
    Aggregation.ENERGY_MEAN: sql.SQL("10 * log(avg(power(10, v / 10)))"),
    # Of opposite winds any angle is as good as another: atan2(0, 0) is 0.
    Aggregation.CIRCULAR_MEAN: sql.SQL(
        "mod(degrees(atan2(avg(sin(radians(v))), avg(cos(radians(v)))))::numeric + 360, 360)"
    ),
    Aggregation.MAX: sql.SQL("max(v)"),
    Aggregation.LAST: sql.SQL("last(v, ts)"),
    Aggregation.SUM: sql.SQL("sum(v)"),
    Aggregation.COUNTER_DIFFERENCE: sql.SQL("coalesce(sum(rise), 0)"),
}

RISE = sql.SQL(
    "CASE WHEN v >= lag(v) OVER by_time THEN v - lag(v) OVER by_time"
    " WHEN lag(v) OVER by_time IS NOT NULL THEN v END"
)
"""A counter's increase since the reading before; after a reset it starts from 0."""


def expression(metric: Metric) -> sql.Composable:
    """The aggregate over ``v``, ``ts`` and ``rise``, in the metric's unit, double precision.

    Raises:
        BadRange: the metric needs another one as its weight.
    """
    try:
        return sql.SQL("({})::double precision").format(_EXPRESSIONS[metric.aggregation])
    except KeyError:
        rule = f"can't be brought together alone: {metric.aggregation}"
        raise BadRange("metric", metric.name, rule) from None
