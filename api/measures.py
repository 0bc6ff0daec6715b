"""Prometheus metrics of this process and of what it sees of the city's data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    """What this process counts; one registry of its own, so that several apps may live in one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "citypulse_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "citypulse_http_request_seconds",
            "Seconds to the first byte of the answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.streams = Gauge(
            "citypulse_stream_clients", "Open live streams.", registry=self.registry
        )
        self.coalesced = Counter(
            "citypulse_stream_coalesced_readings",
            "Readings a slow stream client was not sent because a newer one replaced them.",
            registry=self.registry,
        )


@dataclass(frozen=True, slots=True)
class CityState:
    """What the database says at the moment of a scrape."""

    database_up: bool
    last_batch_at: datetime | None = None
    follower_lag: int | None = None
    signs_at: datetime | None = None
    quarantined: tuple[tuple[str, int], ...] = ()
    fresh: tuple[tuple[str, int, int], ...] = ()


class _City(Collector):
    """Turns one `CityState` into metric families."""

    def __init__(self, state: CityState, now: datetime) -> None:
        self._state = state
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """Yield each family; one whose value is not known is left out."""
        state = self._state
        up = GaugeMetricFamily("citypulse_database_up", "Whether the database answered.")
        up.add_metric([], float(state.database_up))
        yield up
        for name, told, moment in (
            (
                "citypulse_last_batch_age_seconds",
                "Age of ingest's last commit.",
                state.last_batch_at,
            ),
            ("citypulse_signs_age_seconds", "Age of the last evaluation of signs.", state.signs_at),
        ):
            if moment is not None:
                age = (self._now - moment).total_seconds()
                yield GaugeMetricFamily(name, told, value=max(0.0, age))
        if state.follower_lag is not None:
            yield GaugeMetricFamily(
                "citypulse_ledger_lag_batches",
                "Committed batches that vitals has not followed yet (at most 1000 are counted).",
                value=state.follower_lag,
            )
        quarantined = GaugeMetricFamily(
            "citypulse_quarantined_24h", "Quarantined in 24 hours.", labels=("reason",)
        )
        for reason, count in state.quarantined:
            quarantined.add_metric([reason], count)
        yield quarantined
        devices = GaugeMetricFamily(
            "citypulse_devices", "Devices in service.", labels=("profile", "state")
        )
        for profile, fresh, all_devices in state.fresh:
            devices.add_metric([profile, "fresh"], fresh)
            devices.add_metric([profile, "stale"], all_devices - fresh)
        yield devices


def exposition(measures: Measures, state: CityState, now: datetime) -> bytes:
    """Return the text of a scrape."""
    city = CollectorRegistry()
    city.register(_City(state, now))
    return generate_latest(measures.registry) + generate_latest(city)
