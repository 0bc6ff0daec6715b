"""A small demonstration city in a test's own database, and readings put into it as ingest does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg

from city.catalogue import profile as profile_of
from devices import directory
from devices.city_import import import_city
from simulators import demo_city
from store import ledger, telemetry
from store.ledger import Batch, Span
from store.telemetry import Rows

POLES_PER_DISTRICT = 2
WANTED = {
    *("city", "district", "sub-district"),
    *("pole", "pole-device", "air-station", "air-station-device"),
}

Values = Mapping[str, float]


@dataclass(frozen=True)
class KnownCity:
    """Beijing's districts with two poles each and six air stations; codes by the file's keys."""

    url: str
    codes: Mapping[str, str]
    keys: Mapping[str, int]

    def station(self, name: str) -> str:
        """The code of an air station's device, by the station's name."""
        return self.codes[f"demo:air-station-device:{name.lower()}"]

    def pole(self, district: str, number: int = 1) -> str:
        """The code of the terminal of a district's n-th pole."""
        return self.codes[f"demo:pole-device:{district}-{number:03d}"]

    def district(self, gbt2260: str) -> str:
        """The code of a district, by its GB/T 2260 code."""
        return self.codes[f"demo:district:{gbt2260}"]

    def put(
        self, profile: str, code: str, *readings: tuple[datetime, Values], failed: str = ""
    ) -> int:
        """Store readings of a device in one commit, as ingest does; the batch's id."""
        rows = self._rows(profile, code, readings, failed)
        times = [ts for ts, _ in readings]
        with psycopg.connect(self.url) as conn, conn.cursor() as cur:
            batch_id = ledger.next_batch_id(cur)
            counts = telemetry.merge_rows(cur, rows, batch_id)
            span = Span(profile, min(times), max(times), len(rows))
            batch = Batch(batch_id=batch_id, member="test", messages=1, counts=counts, spans=[span])
            ledger.append_batch(cur, batch)
        return batch_id

    async def with_networks(self) -> "KnownCity":
        """Build a road of two links, a tunnel of two compartments, and two metered buildings.

        Keys: `road`, `link-1`, `detector-1`, `tunnel`, `compartment-1`, `tunnel-device-1`,
        `building-1`, `meter-1`; all lie in Dongcheng, and the first link above the tunnel.
        """
        document = {"type": "FeatureCollection", "features": list(_networks())}
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as conn:
            imported = await import_city(conn, document)
            known = await directory.load(conn)
        keys = {code: each.device_key for code, each in known.items()}
        return KnownCity(self.url, {**self.codes, **imported.codes}, keys)

    def _rows(
        self, profile: str, code: str, readings: Sequence[tuple[datetime, Values]], failed: str
    ) -> Rows:
        kind, count = profile_of(profile), len(readings)
        values = np.full((len(kind.metrics), count), np.nan)
        for at, (_, measured) in enumerate(readings):
            for name, value in measured.items():
                values[kind.index[name], at] = value
        mask = 1 << kind.metric(failed).bit if failed else 0
        times = [round(ts.astimezone(UTC).timestamp() * 1_000_000) for ts, _ in readings]
        return Rows(
            kind,
            np.full(count, self.keys[code], np.int32),
            np.array(times, np.int64),
            values,
            np.zeros(count, np.int64),
            np.full(count, mask, np.int64),
        )


LENGTH_M = 600


def _networks() -> Iterator[dict[str, Any]]:
    lon, lat = 116.416, 39.928
    for number in range(3):
        yield _feature(f"node-{number}", "J", "intersection", "Point", [lon + number / 100, lat])
    for key, class_ in (("road", "road"), ("tunnel", "tunnel")):
        yield _feature(key, "R", class_, "LineString", [[lon, lat], [lon + 0.02, lat]])
    for number in (1, 2):
        place = [lon + (number - 1) / 100, lat]
        yield _link(number, "compartment", "tunnel-segment", "tunnel", place)
        yield _device(f"tunnel-device-{number}", "utility-tunnel", f"compartment-{number}", place)
    for number in (1, 2):
        place = [lon + (number - 1) / 100, lat]
        yield _link(number, "link", "road-segment", "road", place)
        yield _device(f"detector-{number}", "road", f"link-{number}", place)
        west, east = lon + number / 1000, lon + number / 1000 + 0.0005
        ring = [[west, lat], [east, lat], [east, lat + 0.0005], [west, lat + 0.0005], [west, lat]]
        yield _feature(f"building-{number}", "B", "building", "Polygon", [ring])
        yield _device(f"meter-{number}", "energy-meter", f"building-{number}", [west, lat])


def _link(number: int, name: str, class_: str, route: str, place: list[float]) -> dict[str, Any]:
    relations = [
        {"type": "partOf", "to": route},
        {"type": "connects", "to": f"node-{number - 1}", "position": "from"},
        {"type": "connects", "to": f"node-{number}", "position": "to"},
    ]
    if name == "link":
        relations.append({"type": "above", "to": f"compartment-{number}"})
    return _feature(
        f"{name}-{number}",
        "L",
        class_,
        "LineString",
        [place, [place[0] + 0.01, place[1]]],
        relations=relations,
        attributes={"length_m": LENGTH_M, "free_speed_kmh": 60},
    )


def _device(key: str, profile: str, mounted_on: str, place: list[float]) -> dict[str, Any]:
    return _feature(key, "D", profile, "Point", place, profile=profile, mounted_on=mounted_on)


def _feature(
    key: str, kind: str, class_: str, shape: str, coordinates: list[Any], **more: Any
) -> dict[str, Any]:
    properties = {"key": key, "kind": kind, "class": class_, "name": {"zh": key, "en": key}, **more}
    return {
        "type": "Feature",
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": properties,
    }


def _is_wanted(feature: Mapping[str, Any]) -> bool:
    key = str(feature["properties"]["key"])
    if key.split(":")[1] not in WANTED:
        return False
    is_pole = key.startswith(("demo:pole:", "demo:pole-device:"))
    return not is_pole or int(key.rpartition("-")[2]) <= POLES_PER_DISTRICT


async def found_city(url: str) -> KnownCity:
    """Import the small city into a migrated database."""
    document = demo_city.generate(1)
    document["features"] = [each for each in document["features"] if _is_wanted(each)]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        imported = await import_city(conn, document)
        known = await directory.load(conn)
    return KnownCity(url, imported.codes, {code: each.device_key for code, each in known.items()})
