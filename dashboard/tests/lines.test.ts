import { describe, expect, it } from "vitest";
import type { LineFeature } from "../src/contract";
import { lineOf, mediumOf, rowsOf } from "../src/lines";
import { layerOf, layersIn, switched } from "../src/shown";

function feature(code: string, class_: string, attributes: Record<string, unknown>): LineFeature {
  return {
    type: "Feature",
    geometry: { type: "LineString", coordinates: [] },
    properties: { code, kind: "L", class: class_, name: null, attributes },
  };
}

const compartment = (code: string, medium: string, section: number) =>
  lineOf(feature(code, "tunnel-segment", { compartment: medium, section }));

describe("a line of the registry", () => {
  it("is a road's link or a tunnel's compartment, by its class", () => {
    expect(lineOf(feature("L1", "road-segment", {}))).toMatchObject({
      family: "road",
      kind: "link",
    });
    expect(mediumOf(compartment("L2", "gas", 1))).toBe("gas");
    expect(mediumOf(compartment("L2", "tea", 1))).toBeNull();
  });
});

describe("a tunnel's compartments", () => {
  it("come in rows by what they carry, in the order of their sections", () => {
    const rows = rowsOf([
      compartment("L1", "water", 10),
      compartment("L2", "water", 9),
      compartment("L3", "gas", 1),
      lineOf(feature("L4", "tunnel-segment", {})),
    ]);
    const codes = rows.map(([medium, row]) => [medium, ...row.map((line) => line.code)]);
    expect(codes).toEqual([
      ["gas", "L3"],
      ["water", "L2", "L1"],
      [null, "L4"],
    ]);
  });
});

describe("the layers of the map", () => {
  it("hold each kind of device, unknown ones with the poles", () => {
    expect(layerOf("road")).toBe("roads");
    expect(layerOf("air-station")).toBe("stations");
    expect(layerOf("weather-balloon")).toBe("poles");
  });

  it("are switched one by one, and back", () => {
    const hidden = switched(layersIn("meters"), "roads");
    expect([...hidden]).toEqual(["roads", "meters"]);
    expect([...switched(hidden, "roads")]).toEqual(["meters"]);
  });
});
