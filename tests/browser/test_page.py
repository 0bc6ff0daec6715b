"""The operators' page in a real browser, on real parts: from a device's message to a cell."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(400)

PATIENCE_MS = 90_000
DISTRICTS = 16
WaitUntil = Callable[[Callable[[], object], str], None]

expect.set_options(timeout=PATIENCE_MS)


def metric(page: Page, name: str) -> Any:
    """The cell with a metric's newest value."""
    return page.locator(f'[data-metric="{name}"] .value')


def test_a_reading_published_over_mqtt_changes_the_value_on_the_open_page(
    line: Any, page: Page, complaints: list[str]
) -> None:
    pole = line.pole()
    pole.report(pm25=35.2, lamp_power_w=0.0)
    page.goto(f"{line.address}/?at={pole.code}")
    expect(metric(page, "pm25")).to_have_text("35.2")
    expect(page.locator(".connection")).to_have_text("live")
    pole.report(pm25=48.7, lamp_power_w=0.0)
    expect(metric(page, "pm25")).to_have_text("48.7")
    expect(page.locator(".chart figcaption")).to_contain_text("newest 48.7")
    assert complaints == []


def test_the_overview_lists_every_district_and_finds_a_pole_by_its_code(
    line: Any, page: Page, complaints: list[str]
) -> None:
    pole = line.pole()
    pole.report(pm25=35.2)
    page.goto(line.address)
    expect(page.locator("[data-area]")).to_have_count(DISTRICTS)
    page.get_by_role("searchbox").fill(pole.code.lower())
    page.locator(".device-list button").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Dongcheng pole 001 terminal")
    assert f"at={pole.code}" in page.url
    page.get_by_role("button", name="Dongcheng", exact=False).click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Dongcheng")
    page.go_back()
    expect(page.get_by_role("heading", level=2)).to_have_text("Dongcheng pole 001 terminal")
    assert complaints == []


def test_a_failed_sensor_is_counted_and_leads_to_its_device(
    line: Any, page: Page, complaints: list[str]
) -> None:
    pole = line.pole()
    pole.report(pm25=99_999.0, co=1.0)
    page.goto(f"{line.address}/?at={pole.code}")
    expect(page.locator('[data-metric="pm25"] .quality')).to_contain_text("failed")
    page.goto(line.address)
    counter = page.locator('[data-counter="sensors-failed"]')
    expect(counter.locator(".figure")).to_have_text("1")
    counter.click()
    expect(page.locator(".search .device-list")).to_contain_text("live, 1 sensor failed")
    assert complaints == []


def test_the_map_shows_a_pole_under_the_pointer_and_selects_it(
    line: Any, page: Page, complaints: list[str], wait_until: WaitUntil
) -> None:
    pole = line.pole()
    pole.report(pm25=35.2)
    page.goto(f"{line.address}/?at={pole.code}")
    expect(metric(page, "pm25")).to_have_text("35.2")
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def tooltip() -> str:
        page.mouse.move(x + 1, y)
        page.mouse.move(x, y)
        return page.locator(".tooltip").inner_text()

    wait_until(lambda: "Dongcheng pole 001" in tooltip(), "the pole lies under the pointer")
    page.locator(".crumbs button").last.click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Dongcheng")
    page.get_by_role("button", name="Dongcheng pole 001").click()
    page.get_by_role("button", name="Show on map").click()
    wait_until(lambda: "Dongcheng pole 001" in tooltip(), "the map has gone to the pole")
    page.mouse.click(x, y)
    assert f"at={pole.code}" in page.url
    assert complaints == []


def test_a_road_link_changes_live_and_leaves_the_map_with_its_layer(
    network_line: Any, page: Page, complaints: list[str], wait_until: WaitUntil
) -> None:
    detector = network_line.detector()
    link = network_line.city.codes["link-1"]
    detector.report(flow_veh_h=600, speed_kmh=55.0, occupancy_pct=6.0)
    page.goto(f"{network_line.address}/?at={link}")
    sign = page.locator('[data-sign="traffic.index"] .headline')
    expect(sign).to_contain_text("Free")
    expect(metric(page, "speed_kmh")).to_have_text("55.0")
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    # The link lies in the middle of what the legend leaves free, a little right of its own line.
    x, y = box["x"] + (300 + box["width"] - 70) / 2, box["y"] + box["height"] / 2 - 5 + 1

    def tooltip() -> str:
        page.mouse.move(x + 1, y)
        page.mouse.move(x, y)
        return page.locator(".tooltip").inner_text()

    wait_until(lambda: "link-1" in tooltip(), "the link lies under the pointer")
    detector.report(flow_veh_h=3000, speed_kmh=6.0, occupancy_pct=85.0)
    expect(metric(page, "speed_kmh")).to_have_text("6.0")
    expect(sign).to_contain_text("Severely congested")
    wait_until(lambda: "Severely congested" in tooltip(), "the map knows it too")

    roads = page.get_by_role("button", name="Roads", exact=True)
    roads.click()
    expect(roads).to_have_attribute("aria-pressed", "false")
    assert "hide=roads" in page.url
    wait_until(lambda: "link-1" not in tooltip(), "the road has left the map")
    page.reload()
    expect(roads).to_have_attribute("aria-pressed", "false")
    page.locator(".crumbs button").last.click()
    expect(page.locator("[data-line] [data-line]")).to_have_count(2)
    assert complaints == []


def test_the_language_switch_reaches_everything_and_is_remembered(
    line: Any, page: Page, complaints: list[str]
) -> None:
    page.goto(line.address)
    expect(page.locator("[data-area]")).to_have_count(DISTRICTS)
    page.get_by_role("button", name="切换到中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", level=2)).to_have_text("全市概览")
    expect(page.get_by_role("button", name="东城区")).to_be_visible()
    expect(page.get_by_role("button", name="Dongcheng")).to_have_count(0)
    page.goto(line.address)
    expect(page.get_by_role("heading", level=2)).to_have_text("全市概览")
    assert complaints == []


def test_a_lost_stream_is_told_and_what_was_missed_appears_when_it_is_back(
    line: Any, page: Page
) -> None:
    pole = line.pole()
    pole.report(pm25=35.2)
    page.goto(f"{line.address}/?at={pole.code}")
    expect(metric(page, "pm25")).to_have_text("35.2")
    expect(page.locator(".connection")).to_have_text("live")
    line.stop_api()
    expect(page.locator(".connection")).to_contain_text("reconnecting since")
    pole.report(pm25=61.4)
    line.start_api()
    expect(page.locator(".connection")).to_have_text("live")
    expect(metric(page, "pm25")).to_have_text("61.4")


def test_a_code_that_names_nothing_here_is_told_in_the_servers_words(line: Any, page: Page) -> None:
    page.goto(f"{line.address}/?at=D7K3K4WTA")
    expect(page.get_by_role("alert")).to_contain_text("check")
    page.locator(".crumbs button").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("City overview")
