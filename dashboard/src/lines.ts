/** Roads and tunnels as the page knows them: links, the routes they make up, and their order. Pure. */

import type { LineString, MultiLineString } from "geojson";
import type { LineFeature, Names } from "./contract";

export type Family = "road" | "tunnel";

export interface Line {
  readonly code: string;
  readonly family: Family;
  /** A link is a stretch of road or a compartment of a tunnel; a route is made of links. */
  readonly kind: "link" | "route";
  readonly name: Names | null;
  /** The route it is part of; null for none. */
  route: string | null;
  readonly geometry: LineString | MultiLineString;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The classes of the registry that are drawn as lines. */
export const CLASSES = [
  { kind: "R", class: "road" },
  { kind: "R", class: "tunnel" },
  { kind: "L", class: "road-segment" },
  { kind: "L", class: "tunnel-segment" },
] as const;

/** The sign that colours a line. */
export const MAIN_SIGN: Readonly<Record<Family, string>> = {
  road: "traffic.index",
  tunnel: "tunnel.environment",
};

/** What a tunnel's compartments carry, in the order in which they are drawn side by side. */
export const MEDIA = ["gas", "water", "heat", "power"] as const;
export type Medium = (typeof MEDIA)[number];

/** A line as the registry tells it. */
export function lineOf(feature: LineFeature): Line {
  const { properties, geometry } = feature;
  return {
    code: properties.code,
    family: properties.class.startsWith("tunnel") ? "tunnel" : "road",
    kind: properties.kind === "R" ? "route" : "link",
    name: properties.name,
    route: null,
    geometry,
    attributes: properties.attributes ?? {},
  };
}

/** What the compartment carries, where it says so in words this page knows. */
export function mediumOf(line: Line): Medium | null {
  const told = line.attributes["compartment"];
  return MEDIA.find((medium) => medium === told) ?? null;
}

/** The number of a compartment's section along its tunnel; null for none. */
export function sectionOf(line: Line): number | null {
  const section = line.attributes["section"];
  return typeof section === "number" ? section : null;
}

/** A tunnel's compartments, one row per medium, each in the order of its sections. */
export function rowsOf(links: readonly Line[]): [medium: Medium | null, row: Line[]][] {
  const rows = new Map<Medium | null, Line[]>();
  for (const medium of [...MEDIA, null]) {
    const row = links.filter((link) => mediumOf(link) === medium);
    if (row.length) rows.set(medium, row);
  }
  for (const row of rows.values()) {
    row.sort((a, b) => (sectionOf(a) ?? 0) - (sectionOf(b) ?? 0) || (a.code < b.code ? -1 : 1));
  }
  return [...rows];
}
