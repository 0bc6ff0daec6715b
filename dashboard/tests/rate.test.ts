import { describe, expect, it } from "vitest";
import { Rate } from "../src/rate";

describe("rate", () => {
  it("is not guessed in the first seconds", () => {
    const rate = new Rate(0);
    rate.add(100, 1_000);
    expect(rate.perMinute(4_000)).toBeNull();
    expect(rate.perMinute(10_000)).toBe(600);
  });

  it("says how many seconds it is of", () => {
    const rate = new Rate(0);
    expect(rate.watchedS(10_000)).toBe(10);
    expect(rate.watchedS(90_000)).toBe(60);
  });

  it("is projected from what was watched until a minute is full", () => {
    const rate = new Rate(0);
    for (let second = 1; second <= 20; second += 1) rate.add(10, second * 1000);
    expect(rate.perMinute(20_000)).toBe(600);
  });

  it("forgets what is older than a minute", () => {
    const rate = new Rate(0);
    rate.add(600, 1_000);
    expect(rate.perMinute(60_000)).toBe(600);
    expect(rate.perMinute(62_000)).toBe(0);
    expect(rate.perMinute(10_000_000)).toBe(0);
  });
});
