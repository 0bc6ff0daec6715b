import { describe, expect, it } from "vitest";
import type { Indicator, Sign } from "../src/contract";
import { badness, colourOf, higherIsWorse, levelOf } from "../src/signs";

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
