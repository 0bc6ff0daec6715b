/** Where a district's label stands, and how far things reach. Pure. */

import type { LineString, MultiLineString, MultiPolygon, Polygon, Position } from "geojson";

type Drawn = Polygon | MultiPolygon | LineString | MultiLineString;
export type Bounds = readonly [west: number, south: number, east: number, north: number];

const GRID = 24;

/** The smallest box around all of the geometries; null for none. */
export function boundsOf(geometries: Iterable<Drawn>): Bounds | null {
  let west = Number.POSITIVE_INFINITY;
  let south = Number.POSITIVE_INFINITY;
  let east = Number.NEGATIVE_INFINITY;
  let north = Number.NEGATIVE_INFINITY;
  for (const geometry of geometries) {
    for (const [lon = 0, lat = 0] of positionsOf(geometry)) {
      west = Math.min(west, lon);
      south = Math.min(south, lat);
      east = Math.max(east, lon);
      north = Math.max(north, lat);
    }
  }
  return west <= east ? [west, south, east, north] : null;
}

function positionsOf(geometry: Drawn): Position[] {
  if (geometry.type === "LineString") return geometry.coordinates;
  if (geometry.type === "MultiLineString") return geometry.coordinates.flat();
  return outerRings(geometry).flat();
}

function outerRings(geometry: Polygon | MultiPolygon): Position[][] {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.flatMap((rings) => rings.slice(0, 1));
}

function area(ring: readonly Position[]): number {
  let twice = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[(i + 1) % ring.length] ?? [];
    twice += x1 * y2 - x2 * y1;
  }
  return Math.abs(twice) / 2;
}

function squaredDistance(x: number, y: number, a: Position, b: Position): number {
  const [ax = 0, ay = 0] = a;
  const [bx = 0, by = 0] = b;
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2;
}

/** Squared distance to the ring's edge; negative outside. */
function clearance(x: number, y: number, ring: readonly Position[]): number {
  let inside = false;
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const a = ring[i] ?? [];
    const b = ring[j] ?? [];
    const [ax = 0, ay = 0] = a;
    const [bx = 0, by = 0] = b;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    nearest = Math.min(nearest, squaredDistance(x, y, a, b));
  }
  return inside ? nearest : -nearest;
}

/** The point of a grid that lies deepest inside the largest polygon: a place for its label. */
export function labelPoint(geometry: Polygon | MultiPolygon): Position {
  const ring = outerRings(geometry).sort((a, b) => area(b) - area(a))[0] ?? [];
  const [west, south, east, north] = boundsOf([{ type: "Polygon", coordinates: [ring] }]) ?? [
    0, 0, 0, 0,
  ];
  let best: Position = [(west + east) / 2, (south + north) / 2];
  let deepest = Number.NEGATIVE_INFINITY;
  for (let row = 1; row < GRID; row += 1) {
    for (let column = 1; column < GRID; column += 1) {
      const x = west + ((east - west) * column) / GRID;
      const y = south + ((north - south) * row) / GRID;
      const depth = clearance(x, y, ring);
      if (depth > deepest) [best, deepest] = [[x, y], depth];
    }
  }
  return best;
}
