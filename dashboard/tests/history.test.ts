import { describe, expect, it } from "vitest";
import type { Telemetry } from "../src/contract";
import { History, takesLive } from "../src/history";

const START = Date.parse("2026-11-23T08:00:00Z") / 1000;

function answer(points: [offsetS: number, value: number][]): Telemetry {
  return {
    points: points.map(([offset, value]) => ({
      ts: new Date((START + offset) * 1000).toISOString(),
      value,
      min: value - 1,
      max: value + 1,
      count: 5,
    })),
  } as unknown as Telemetry;
}

function history(hasBand = true): History {
  return new History(60, 3600, hasBand);
}

describe("history", () => {
  it("leaves a gap where points are missing", () => {
    const h = history();
    h.load(
      answer([
        [0, 10],
        [60, 11],
        [360, 12],
      ]),
    );
    expect(h.data[3]).toEqual([10, 11, null, 12]);
    expect(h.data[0][2]).toBe(START + 120);
  });

  it("joins points that are only a little late", () => {
    const h = history();
    h.load(
      answer([
        [0, 10],
        [130, 11],
      ]),
    );
    expect(h.data[3]).toEqual([10, 11]);
  });

  it("takes live values after its end and refuses older ones", () => {
    const h = history();
    h.load(answer([[0, 10]]));
    expect(h.append(START + 30, 20)).toBe(true);
    expect(h.append(START + 30, 21)).toBe(false);
    expect(h.append(START - 5, 22)).toBe(false);
    expect(h.data[3]).toEqual([10, 20]);
    expect(h.lastS).toBe(START + 30);
  });

  it("forgets what left the window", () => {
    const h = history();
    h.load(
      answer([
        [0, 10],
        [60, 11],
        [3600, 12],
      ]),
    );
    h.trim(START + 3600 + 90);
    expect(h.data[3]).toEqual([11, null, 12]);
  });

  it("sums up with the band where it has one", () => {
    const h = history();
    expect(h.summary()).toBeNull();
    h.load(
      answer([
        [0, 10],
        [60, 14],
        [120, 12],
      ]),
    );
    expect(h.summary()).toEqual({ low: 9, high: 15, last: 12 });
    const bare = history(false);
    bare.load(
      answer([
        [0, 10],
        [60, 14],
      ]),
    );
    expect(bare.summary()).toEqual({ low: 10, high: 14, last: 14 });
  });
});

describe("live values beside the history", () => {
  it.each([
    ["mean", 60, true],
    ["counter_difference", 60, false],
    ["sum", 60, false],
    ["counter_difference", null, true],
    ["sum", null, true],
  ] as const)("%s in buckets of %s s: %s", (aggregation, bucketS, expected) => {
    expect(takesLive(aggregation, bucketS)).toBe(expected);
  });
});
