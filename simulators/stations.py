"""The six real air stations whose record comes with the simulators."""

from importlib.resources import files
from pathlib import Path

STATIONS = {
    "Aotizhongxin": ("奥体中心", 116.397, 39.982),
    "Dingling": ("定陵", 116.220, 40.292),
    "Guanyuan": ("官园", 116.339, 39.929),
    "Huairou": ("怀柔", 116.628, 40.328),
    "Shunyi": ("顺义", 116.655, 40.127),
    "Wanliu": ("万柳", 116.287, 39.987),
}
"""Name in the records → Chinese name, longitude, latitude (approximate)."""


def station_files() -> list[Path]:
    """The recorded files of these stations, one for each."""
    folder = Path(str(files("simulators").joinpath("data")))
    return sorted(folder.glob("PRSA_Data_*.csv.gz"))
