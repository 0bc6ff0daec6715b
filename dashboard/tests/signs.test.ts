import { describe, expect, it } from "vitest";
import type { Indicator, Sign } from "../src/contract";
import {
  badness,
  colourOf,
  higherIsWorse,
  isAlarm,
  isOrdinal,
  levelOf,
  rankOf,
  resolutionOf,
  tierOf,
} from "../src/signs";

const aqi = {
  indicator: "air.aqi",
  levels: [
    { level: 1, label: { en: "Excellent" }, colour: "#00e400", low: 0, high: 50 },
    { level: 2, label: { en: "Good" }, colour: "#ffff00", low: 51, high: 100 },
  ],
} as unknown as Indicator;
const litRate = {
  indicator: "lighting.lit-rate",
  levels: [
    { level: 1, label: {}, colour: "#00a651", low: 98, high: 100 },
    { level: 3, label: {}, colour: "#e60000", low: 0, high: 96 },
  ],
} as unknown as Indicator;

function sign(part: Partial<Sign>): Sign {
  return { status: "ok", value: 60, level: 2, colour: null, label: null, ...part } as Sign;
}

describe("a sign's level", () => {
  it("is looked up by number", () => {
    expect(levelOf(aqi, sign({ level: 2 }))?.colour).toBe("#ffff00");
    expect(levelOf(aqi, sign({ level: null }))).toBeUndefined();
    expect(levelOf(undefined, sign({}))).toBeUndefined();
  });

  it("gives its colour where the sign brings none", () => {
    expect(colourOf(aqi, sign({}))).toBe("#ffff00");
    expect(colourOf(aqi, sign({ colour: "#123456" }))).toBe("#123456");
  });

  it.each(["na", "stale", "not-monitored"] as const)("has no colour when %s", (status) => {
    expect(colourOf(aqi, sign({ status, colour: "#b0b0b0" }))).toBeNull();
  });
});

describe("badness", () => {
  it("knows which end is bad from the levels' limits", () => {
    expect(higherIsWorse(aqi)).toBe(true);
    expect(higherIsWorse(litRate)).toBe(false);
    expect(higherIsWorse(undefined)).toBe(true);
  });

  it("sorts by level, then by value, and puts what is unknown last", () => {
    const signs = [
      sign({ level: 1, value: 40 }),
      sign({ status: "na", value: null, level: null }),
      sign({ level: 2, value: 90 }),
      sign({ level: 2, value: 60 }),
    ];
    const sorted = [...signs].sort((a, b) => badness(b, true) - badness(a, true));
    expect(sorted.map((each) => each.value)).toEqual([90, 60, 40, null]);
  });

  it("puts the lower rate first where low is bad", () => {
    expect(badness(sign({ value: 91, level: 3 }), false)).toBeGreaterThan(
      badness(sign({ value: 95, level: 3 }), false),
    );
  });
});

const tunnel = {
  indicator: "tunnel.environment",
  levels: [1, 2, 3, 4].map((level) => ({
    level,
    label: {},
    colour: `#00000${level}`,
    low: level,
    high: level,
    is_alarm: level > 1,
  })),
} as unknown as Indicator;

describe("a line", () => {
  it("is the wider, the worse its level; one without a value is not coloured at all", () => {
    const ranks = [1, 2, 3, 4].map((level) => rankOf(tunnel, sign({ level, value: level })));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(new Set(ranks).size).toBe(4);
    expect(rankOf(tunnel, sign({ status: "stale" }))).toBe(0);
    expect(rankOf(tunnel, undefined)).toBe(0);
  });

  it("alarms at the levels that its indicator says", () => {
    expect(isAlarm(tunnel, sign({ level: 1, value: 1 }))).toBe(false);
    expect(isAlarm(tunnel, sign({ level: 2, value: 2 }))).toBe(true);
    expect(isAlarm(tunnel, sign({ level: 2, status: "na" }))).toBe(false);
  });
});

describe("a value that only numbers its level", () => {
  it("is told by the level's name", () => {
    expect(isOrdinal(tunnel)).toBe(true);
    expect(isOrdinal(aqi)).toBe(false);
    expect(isOrdinal(undefined)).toBe(false);
  });
});

describe("a scale up to ten", () => {
  it("is told to a tenth", () => {
    const levels = [
      { level: 1, low: 0, high: 2 },
      { level: 5, low: 8, high: 10 },
    ];
    expect(resolutionOf({ unit: "1", levels } as unknown as Indicator)).toBe(0.1);
    expect(resolutionOf(aqi)).toBe(1);
  });
});

describe("a measurement's tier", () => {
  const detail = { tiers: { co: 3, o2_pct: 1 } };

  it("is told of each, whatever the worst is", () => {
    expect(tierOf(tunnel, sign({ detail }), "co")?.level).toBe(3);
    expect(tierOf(tunnel, sign({ detail }), "o2_pct")?.level).toBe(1);
    expect(tierOf(tunnel, sign({ status: "na", detail }), "o2_pct")?.level).toBe(1);
  });

  it("is not guessed for what has no limit, nor from what is old", () => {
    expect(tierOf(tunnel, sign({ detail }), "humidity_pct")).toBeUndefined();
    expect(tierOf(tunnel, sign({ detail: null }), "co")).toBeUndefined();
    expect(tierOf(tunnel, sign({ status: "stale", detail }), "co")).toBeUndefined();
  });
});
