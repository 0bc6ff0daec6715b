import { describe, expect, it } from "vitest";
import type { DeviceItem, MetricSpec, ProfileSpec, Sign } from "../src/contract";
import {
  absorb,
  absorbLatest,
  areLampsOff,
  failedLamps,
  flagAt,
  flagged,
  fromItem,
  isLive,
  qualityOf,
  stateAt,
} from "../src/devices";

const NOW = Date.parse("2026-11-23T08:00:00Z");

const pm25: MetricSpec = {
  name: "pm25",
  names: {},
  unit: "ug/m3",
  low: 0,
  high: 1000,
  resolution: 0.1,
  aggregation: "mean",
  suspect_low: null,
  suspect_high: 900,
};
const specs = new Map([["pm25", pm25]]);
const pole = { name: "smart-pole", stale_after_s: 180 } as ProfileSpec;
const none: ReadonlySet<string> = new Set();

function item(latest: DeviceItem["latest"]): DeviceItem {
  return {
    code: "D7K3K4WTH",
    profile: "smart-pole",
    name: null,
    district: null,
    area: null,
    mounted_on: "C7K3K4WTB",
    lon: 116.4,
    lat: 39.9,
    latest,
  };
}

function reporting(ts: string, metrics: Record<string, number>) {
  const values = Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, { value, ts, quality: "good" as const }]),
  );
  return fromItem(item({ ts, metrics: values }));
}

describe("a live reading", () => {
  it("replaces what is older, metric by metric", () => {
    const device = reporting("2026-11-23T07:59:00Z", { pm25: 30, co: 1 });
    const reading = { code: device.code, profile: "smart-pole", ts: "2026-11-23T07:59:30Z" };
    absorb(device, { ...reading, m: { pm25: 41 } }, specs);
    expect(device.values.get("pm25")?.value).toBe(41);
    expect(device.values.get("co")?.value).toBe(1);
    expect(device.lastMs).toBe(Date.parse(reading.ts));
  });

  it("that arrives late never shows as new", () => {
    const device = reporting("2026-11-23T07:59:00Z", { pm25: 30 });
    const reading = { code: device.code, profile: "smart-pole", ts: "2026-11-23T07:00:00Z" };
    absorb(device, { ...reading, m: { pm25: 99 } }, specs);
    expect(device.values.get("pm25")?.value).toBe(30);
    expect(device.lastMs).toBe(Date.parse("2026-11-23T07:59:00Z"));
  });

  it("without a readable time is left out", () => {
    const device = reporting("2026-11-23T07:59:00Z", { pm25: 30 });
    absorb(device, { code: device.code, profile: "", ts: "soon", m: { pm25: 1 } }, specs);
    expect(device.values.get("pm25")?.value).toBe(30);
  });
});

describe("what the server keeps as newest", () => {
  it("comes with its flag, and does not undo what the stream brought since", () => {
    const device = reporting("2026-11-23T07:59:00Z", { pm25: 30, co: 1 });
    const reading = { code: device.code, profile: "smart-pole", ts: "2026-11-23T07:59:30Z" };
    absorb(device, { ...reading, m: { pm25: 41 } }, specs);
    const ts = "2026-11-23T07:59:20Z";
    const metrics = {
      pm25: { value: 35, ts, quality: "good" as const },
      co: { value: 999, ts, quality: "fail" as const },
    };
    absorbLatest(device, { ts, metrics });
    expect(device.values.get("pm25")?.value).toBe(41);
    expect(device.values.get("co")).toMatchObject({ value: 999, quality: "fail" });
    expect(device.lastMs).toBe(Date.parse(reading.ts));
  });
});

describe("quality", () => {
  it.each([
    [35, "good"],
    [900, "good"],
    [901, "suspect"],
    [1001, "fail"],
    [-1, "fail"],
  ] as const)("of %d is %s", (value, quality) => {
    expect(qualityOf(pm25, value)).toBe(quality);
  });

  it("is not judged without limits", () => {
    expect(qualityOf(undefined, 1e9)).toBe("good");
  });
});

describe("the state of a device", () => {
  it("is silent until it has reported", () => {
    expect(stateAt(fromItem(item(null)), pole, NOW, none)).toBe("silent");
  });

  it("is stale only after the profile's limit", () => {
    const device = reporting("2026-11-23T07:57:00Z", { pm25: 30 });
    expect(stateAt(device, pole, NOW, none)).toBe("live");
    expect(stateAt(device, pole, NOW + 1, none)).toBe("stale");
  });

  it("tells a burning lamp by its power, dimmed or not", () => {
    const ts = "2026-11-23T07:59:30Z";
    expect(stateAt(reporting(ts, { lamp_power_w: 3 }), pole, NOW, none)).toBe("lamp-on");
    expect(stateAt(reporting(ts, { lamp_power_w: 0.4 }), pole, NOW, none)).toBe("live");
  });

  it("says failed where the server does, unless the device is stale", () => {
    const failed = new Set(["D7K3K4WTH"]);
    const device = reporting("2026-11-23T07:59:30Z", { lamp_power_w: 0 });
    expect(stateAt(device, pole, NOW, failed)).toBe("lamp-failed");
    expect(stateAt(device, pole, NOW + 600_000, failed)).toBe("stale");
  });

  it("counts as live with a failed lamp, not when stale or silent", () => {
    expect(isLive("lamp-failed")).toBe(true);
    expect(isLive("stale")).toBe(false);
    expect(isLive("silent")).toBe(false);
  });
});

describe("failed lamps", () => {
  const sign = (indicator: string, detail: Sign["detail"]) => ({ indicator, detail }) as Sign;

  it("are read off the lit-rate signs of all areas", () => {
    const signs = [
      sign("lighting.lit-rate", { inputs: { failed: ["D1"], unknown: ["D9"] } }),
      sign("lighting.lit-rate", { inputs: { failed: ["D2"] } }),
      sign("air.aqi", { inputs: { failed: ["D3"] } }),
      sign("lighting.lit-rate", null),
    ];
    expect([...failedLamps(signs)]).toEqual(["D1", "D2"]);
  });
});

describe("lamps that are off by schedule", () => {
  const lit = (counts: Record<string, number>) =>
    ({ indicator: "lighting.lit-rate", detail: { counts } }) as unknown as Sign;

  it("are all off when none of known state is commanded on", () => {
    expect(areLampsOff([lit({ off: 30, unknown: 2 }), lit({ off: 5 })])).toBe(true);
    expect(areLampsOff([lit({ off: 30 }), lit({ lit: 1 })])).toBe(false);
    expect(areLampsOff([lit({ off: 30, failed: 1 })])).toBe(false);
  });

  it("are not said to be off where nothing is known", () => {
    expect(areLampsOff([])).toBe(false);
    expect(areLampsOff([lit({ unknown: 4 })])).toBe(false);
  });
});

describe("a device's flag", () => {
  const device = reporting("2026-11-23T07:59:00Z", { pm25: 30, co: 1 });
  device.values.set("pm25", { value: 2000, atMs: NOW, quality: "fail" });
  device.values.set("co", { value: 90, atMs: NOW, quality: "suspect" });

  it("is the worst among its newest values", () => {
    expect(flagAt(device, "live")).toBe("fail");
    expect(flagged(device, "lamp-on", "suspect")).toBe(1);
    expect(flagAt(reporting("2026-11-23T07:59:00Z", { co: 1 }), "live")).toBe("good");
  });

  it("is not told of a device that does not report", () => {
    expect(flagAt(device, "stale")).toBe("good");
  });
});
