import { describe, expect, it } from "vitest";
import type { Sign } from "../src/contract";
import { stepsOf } from "../src/sign_steps";

const START = Date.parse("2026-11-23T08:00:00Z") / 1000;

function sign(offsetS: number, value: number | null, status: Sign["status"] = "ok"): Sign {
  return { ts: new Date((START + offsetS) * 1000).toISOString(), value, status } as Sign;
}

describe("a sign's steps", () => {
  it("hold each value until the next, and the last until now", () => {
    expect(stepsOf([sign(0, 40), sign(600, 52)], START + 900)).toEqual([
      [START, START + 600, START + 900],
      [40, 52, 52],
    ]);
  });

  it("are open where no value was published", () => {
    const steps = stepsOf(
      [sign(0, 40), sign(600, null, "na"), sign(900, 60, "stale")],
      START + 900,
    );
    expect(steps[1]).toEqual([40, null, null]);
  });

  it("are none without a history", () => {
    expect(stepsOf([], START)).toEqual([[], []]);
  });
});
