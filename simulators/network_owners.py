"""The organisations of the generated city: who owns its networks, and who runs them."""

from collections.abc import Iterator

from simulators.features import Feature, feature, relation

ROADS = "demo:organisation:roads"
TUNNEL = "demo:organisation:tunnel"
WATER = "demo:organisation:water"
GAS = "demo:organisation:gas"
HEAT = "demo:organisation:heat"
POWER = "demo:organisation:power"
ESTATES = tuple(f"demo:organisation:estate-{number}" for number in (1, 2, 3))
_CITY = "demo:organisation:city-management"

_NAMES = {
    _CITY: ("agency", "生成城市管理机构", "Generated city management agency"),
    ROADS: ("agency", "生成道路养护中心", "Generated road maintenance centre"),
    TUNNEL: ("enterprise", "生成管廊运营公司", "Generated tunnel operating company"),
    WATER: ("enterprise", "生成自来水公司", "Generated water company"),
    GAS: ("enterprise", "生成燃气公司", "Generated gas company"),
    HEAT: ("enterprise", "生成热力公司", "Generated heating company"),
    POWER: ("enterprise", "生成电力公司", "Generated power company"),
    ESTATES[0]: ("enterprise", "生成物业公司 1", "Generated estate company 1"),
    ESTATES[1]: ("enterprise", "生成物业公司 2", "Generated estate company 2"),
    ESTATES[2]: ("enterprise", "生成物业公司 3", "Generated estate company 3"),
}


def organisations() -> Iterator[Feature]:
    """Every organisation; the one for roads is part of the city's own."""
    for key, (class_, zh, en) in _NAMES.items():
        parts = [relation("partOf", _CITY)] if key == ROADS else []
        yield feature(None, key=key, kind="G", class_=class_, zh=zh, en=en, relations=parts)
