"""A city file, devices included: the registry's import with the equipment kept in step."""

from typing import Any

from psycopg import AsyncConnection

from city.frames import Frame
from devices.equipment import register
from registry import city_file
from registry.city_file import Imported, Progress


async def import_city(
    conn: AsyncConnection[Any],
    document: object,
    *,
    frame: Frame | None = None,
    skip_bad: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """`registry.city_file.import_city`, where each device also becomes a row of equipment.

    Raises:
        BadCityFile: with every problem found; nothing was written.
    """
    return await city_file.import_city(
        conn,
        document,
        on_devices=register,
        frame=frame,
        skip_bad=skip_bad,
        dry_run=dry_run,
        progress=progress,
    )
