"""What a detector station beside a road measures, on one lane group of one link.

Sources: GB/T 33171-2016 for speed as distance over time; plausibility limits of loop data as the
reference on vital-sign norms gives them (more than 3,000 vehicles an hour and lane are none).
"""

from city.catalogue.quantities import state
from city.profiles import Aggregation, Metric, Profile

_MOST_LANES = 6
_IMPOSSIBLE_VEH_H = 3000  # per lane
_CAPACITY_VEH_H = 2400  # per lane: the best a basic motorway lane has been seen to carry

_SURFACE_STATES = {
    0: {"zh": "干燥", "en": "dry"},
    1: {"zh": "潮湿", "en": "moist"},
    2: {"zh": "湿", "en": "wet"},
    3: {"zh": "融雪", "en": "slush"},
    4: {"zh": "积雪", "en": "snow"},
    5: {"zh": "结霜", "en": "frost"},
    6: {"zh": "结冰", "en": "ice"},
}
_SIGNAL_PHASES = {
    0: {"zh": "熄灭", "en": "dark"},
    1: {"zh": "红灯", "en": "red"},
    2: {"zh": "黄灯", "en": "yellow"},
    3: {"zh": "绿灯", "en": "green"},
    4: {"zh": "黄闪", "en": "flashing yellow"},
}

ROAD = Profile(
    name="road",
    names={"zh": "道路检测器", "en": "Road detector"},
    interval_s=60,
    chunk_days=1,
    metrics=(
        Metric(
            name="flow_veh_h",
            bit=0,
            names={"zh": "流量", "en": "Flow, all lanes of the group"},
            unit="{veh}/h",
            low=0,
            high=_MOST_LANES * _IMPOSSIBLE_VEH_H,
            resolution=1,
            suspect_high=_MOST_LANES * _CAPACITY_VEH_H,
            source="3,000 veh/h and lane are impossible (practice), for six lanes; 2,400 are rare",
        ),
        Metric(
            name="speed_kmh",
            bit=1,
            names={"zh": "平均速度", "en": "Space-mean speed"},
            unit="km/h",
            low=0,
            high=250,
            resolution=0.1,
            aggregation=Aggregation.FLOW_HARMONIC_MEAN,
            weight="flow_veh_h",
            suspect_high=160,
            source="instrument range, our own choice; distance over time as GB/T 33171-2016",
        ),
        Metric(
            name="occupancy_pct",
            bit=2,
            names={"zh": "时间占有率", "en": "Time occupancy"},
            unit="%",
            low=0,
            high=100,
            resolution=0.1,
            source="a share of time; density k = 10·occupancy/(vehicle + detector length), veh/km",
        ),
        Metric(
            name="queue_m",
            bit=3,
            names={"zh": "排队长度", "en": "Queue length from the stop line"},
            unit="m",
            low=0,
            high=3000,
            resolution=1,
            aggregation=Aggregation.MAX,
            suspect_high=2000,
            source="instrument range, our own choice; as long as its link, it spills back",
        ),
        Metric(
            name="surface_temperature_c",
            bit=4,
            names={"zh": "路面温度", "en": "Road surface temperature"},
            unit="Cel",
            low=-50,
            high=90,
            resolution=0.1,
            suspect_low=-35,
            suspect_high=75,
        ),
        state(
            "surface_state",
            5,
            {"zh": "路面状态", "en": "Road surface state"},
            _SURFACE_STATES,
            aggregation=Aggregation.MAX,
        ),
        Metric(
            name="water_film_mm",
            bit=6,
            names={"zh": "水膜厚度", "en": "Water film thickness"},
            unit="mm",
            low=0,
            high=10,
            resolution=0.01,
            suspect_high=8,
        ),
        Metric(
            name="visibility_m",
            bit=7,
            names={"zh": "能见度", "en": "Visibility (meteorological optical range)"},
            unit="m",
            low=5,
            high=20_000,
            resolution=1,
            source="forward-scatter meter's usual range; at its upper end it says: that or more",
        ),
        state(
            "signal_phase",
            8,
            {"zh": "信号灯相位", "en": "Signal shown to the lane group"},
            _SIGNAL_PHASES,
        ),
    ),
)
