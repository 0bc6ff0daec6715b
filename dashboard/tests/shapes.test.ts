import type { Polygon } from "geojson";
import { describe, expect, it } from "vitest";
import { boundsOf, labelPoint } from "../src/map/shapes";

function polygon(...corners: [number, number][]): Polygon {
  return { type: "Polygon", coordinates: [[...corners, corners[0] ?? [0, 0]]] };
}

const square = polygon([0, 0], [2, 0], [2, 2], [0, 2]);
// A horseshoe, whose centre lies outside it.
const horseshoe = polygon([0, 0], [9, 0], [9, 9], [6, 9], [6, 3], [3, 3], [3, 9], [0, 9]);

describe("bounds", () => {
  it("hold all geometries", () => {
    expect(boundsOf([square, horseshoe])).toEqual([0, 0, 9, 9]);
    const line = {
      type: "LineString" as const,
      coordinates: [
        [-1, 3],
        [4, 12],
      ],
    };
    expect(boundsOf([square, line])).toEqual([-1, 0, 4, 12]);
    expect(boundsOf([])).toBeNull();
  });
});

describe("a label's place", () => {
  it("is the middle of a square", () => {
    expect(labelPoint(square)).toEqual([1, 1]);
  });

  it("lies inside a shape whose centre does not", () => {
    const [x = 0, y = 0] = labelPoint(horseshoe);
    const isInNotch = x > 3 && x < 6 && y > 3;
    expect(isInNotch).toBe(false);
  });

  it("lies in the largest of several polygons", () => {
    const small = [
      [
        [20, 20],
        [21, 20],
        [21, 21],
        [20, 20],
      ],
    ];
    const both = { type: "MultiPolygon" as const, coordinates: [small, square.coordinates] };
    expect(labelPoint(both)).toEqual([1, 1]);
  });
});
