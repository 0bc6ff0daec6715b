"""One client of the live stream: what it asked for, and a queue of bounded length before it."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.live_readings import Reading
from api.measures import Measures
from store.ledger import Cursor

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to hear of; None means all."""

    area: str | None = None
    device: str | None = None
    profile: str | None = None

    def wants(self, reading: Reading) -> bool:
        """Whether a reading is of what was asked for."""
        return (
            (self.area is None or self.area in reading.areas)
            and (self.device is None or self.device == reading.code)
            and (self.profile is None or self.profile == reading.profile)
        )

    def wants_signs_of(self, entity: str, areas: Collection[str]) -> bool:
        """Whether signs of a thing are wanted: of all, or of the area asked for and its links.

        `areas` are those that a route or a link lies in; an area's own sign is for those alone who
        asked for just that area.
        """
        if self.device is not None or self.profile is not None:
            return False
        return self.area is None or self.area == entity or self.area in areas

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered."""
        return self.area is None and self.device is None and self.profile is None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some commits' readings; `whole` is the event for clients that want everything."""

    cursor: Cursor
    readings: tuple[Reading, ...]
    whole: bytes


def event(name: str, data: Any, event_id: str | None = None) -> bytes:
    """Return one server-sent event; JSON never contains a line break."""
    head = b"" if event_id is None else b"id: " + event_id.encode() + b"\n"
    return head + b"event: " + name.encode() + b"\ndata: " + _ENCODER.encode(data) + b"\n\n"


def readings_event(readings: Iterable[Reading], cursor: Cursor) -> bytes:
    """Return the event for readings up to a place in the ledger."""
    return event("readings", {"readings": [r.as_json() for r in readings]}, str(cursor))


@dataclass(eq=False)
class Client:
    """One open stream: a bounded queue, and the newest of what did not fit."""

    wish: Wish
    limit: int
    measures: Measures
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    _queue: deque[Chunk] = field(default_factory=deque)
    _signs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _newest: dict[str, Reading] = field(default_factory=dict)
    _skipped: int = 0
    _skipped_to: Cursor = field(default_factory=Cursor)

    def offer(self, chunk: Chunk) -> None:
        """Queue a chunk; once the queue is full only each device's newest reading is kept."""
        if len(self._queue) < self.limit and not self._newest:
            self._queue.append(chunk)
        else:
            for reading in chunk.readings:
                self._replace(reading)
            self._skipped_to = chunk.cursor
        self.ready.set()

    def _replace(self, reading: Reading) -> None:
        if not self.wish.wants(reading):
            return
        kept = self._newest.get(reading.code)
        if kept is not None:
            self._skipped += 1
            self.measures.coalesced.inc()
            reading = reading.over(kept)
        self._newest[reading.code] = reading

    def offer_signs(
        self, items: Iterable[dict[str, Any]], areas: Mapping[str, Collection[str]]
    ) -> None:
        """Queue signs; a newer one replaces an older one of the same thing and indicator.

        Args:
            items: the signs.
            areas: by the code of a route or a link, those it lies in.
        """
        wanted = [
            item
            for item in items
            if self.wish.wants_signs_of(item["entity"], areas.get(item["entity"], ()))
        ]
        self._signs |= {(item["entity"], item["indicator"]): item for item in wanted}
        if wanted:
            self.ready.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self.ready.set()

    def take(self, after: Cursor) -> list[bytes]:
        """Return the events that wait, of commits after a place, and forget them."""
        self.ready.clear()
        events = [self._rendered(chunk) for chunk in self._queue if chunk.cursor > after]
        self._queue.clear()
        if self._newest:
            events.append(event("coalesced", {"skipped": self._skipped}))
            events.append(readings_event(self._newest.values(), self._skipped_to))
            self._newest, self._skipped = {}, 0
        if self._signs:
            events.append(event("signs", {"items": list(self._signs.values())}))
            self._signs = {}
        return [each for each in events if each]

    def _rendered(self, chunk: Chunk) -> bytes:
        if self.wish.is_everything:
            return chunk.whole
        wanted = [reading for reading in chunk.readings if self.wish.wants(reading)]
        return readings_event(wanted, chunk.cursor) if wanted else b""
