import { describe, expect, it } from "vitest";
import type { MetricSpec } from "../src/contract";
import {
  ageText,
  clockText,
  hourText,
  metricText,
  numberText,
  percentText,
  printedCode,
  unitText,
} from "../src/format";
import { strings } from "../src/i18n";

const charger: MetricSpec = {
  name: "ev_state",
  names: {},
  unit: "1",
  low: 0,
  high: 3,
  resolution: 1,
  aggregation: "last",
  states: { "2": { zh: "充电中", en: "charging" } },
};

describe("units", () => {
  it.each([
    ["ug/m3", "µg/m³"],
    ["Cel", "°C"],
    ["kW.h", "kWh"],
    ["dB[SPL]", "dB"],
    ["1", ""],
    ["hPa", "hPa"],
  ])("%s reads %s", (ucum, text) => {
    expect(unitText(ucum)).toBe(text);
  });
});

describe("numbers", () => {
  it("have as many decimals as the instrument resolves", () => {
    expect(numberText(35, 0.1, "en")).toBe("35.0");
    expect(numberText(0.126, 0.01, "en")).toBe("0.13");
    expect(numberText(1234.4, 1, "zh")).toBe("1,234");
    expect(numberText(12, 0.5, "en")).toBe("12.0");
  });

  it("of a coded state read as what the code means", () => {
    expect(metricText(charger, 2, "zh")).toBe("充电中");
    expect(metricText(charger, 2, "en")).toBe("charging");
    expect(metricText(charger, 7, "en")).toBe("7");
  });

  it("without a known metric still read", () => {
    expect(metricText(undefined, 1.234, "en")).toBe("1.23");
  });

  it("as shares read in per cent", () => {
    expect(percentText(0.934, "en")).toBe("93%");
  });
});

describe("ages", () => {
  const s = strings("en");

  it.each([
    [-5, "0 s"],
    [0.9, "0 s"],
    [119, "119 s"],
    [120, "2 min"],
    [7199, "119 min"],
    [7200, "2 h"],
    [172_800, "2 d"],
  ])("%d s reads %s", (seconds, text) => {
    expect(ageText(seconds, s)).toBe(text);
  });
});

describe("codes", () => {
  it("of entities and areas are printed in threes, persons' in fours", () => {
    expect(printedCode("C7K3K4WTB")).toBe("C7K-3K4-WTB");
    expect(printedCode("E7K3K4WTB123")).toBe("E7K-3K4-WTB-123");
    expect(printedCode("P7K3K4WTB1234567")).toBe("P7K3-K4WT-B123-4567");
  });

  it("of unknown length are left alone", () => {
    expect(printedCode("C7K")).toBe("C7K");
  });
});

describe("clock", () => {
  it("tells the date only when it is another day's", () => {
    const now = new Date(2026, 10, 23, 15, 0, 0);
    expect(clockText(new Date(2026, 10, 23, 3, 4, 5), now, "en")).toBe("03:04:05");
    expect(clockText(new Date(2026, 10, 22, 0, 4, 5), now, "en")).toContain("22 Nov");
  });

  it("tells an hour by the instant that names it", () => {
    const now = new Date(2026, 10, 23, 15, 0, 0);
    expect(hourText(new Date(2026, 10, 23, 3), now, "en")).toBe("03:00");
    expect(hourText(new Date(2026, 10, 22, 23), now, "en")).toBe("22 Nov, 23:00");
  });
});
