/** The style of roads and tunnels: casing, body by level, dashes where a level has no value. */

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Family } from "../lines";
import type { Palette } from "../theme";

export const FAMILIES: readonly Family[] = ["road", "tunnel"];

/** The layers of a family that answer to the pointer. */
export function bodyLayer(family: Family): string {
  return `${family}-body`;
}

/** All layers of a family, to be shown or hidden together. */
export function layersOf(family: Family): string[] {
  return ["picked", "casing", "none", "body", "alarm", "label"].map((part) => `${family}-${part}`);
}

const rank: ExpressionSpecification = ["coalesce", ["feature-state", "rank"], 0];
const hasValue: ExpressionSpecification = [">", rank, 0];
const isAlarm: ExpressionSpecification = ["boolean", ["feature-state", "alarm"], false];
const isPicked: ExpressionSpecification = ["boolean", ["feature-state", "picked"], false];
const isUnder: ExpressionSpecification = ["boolean", ["feature-state", "under"], false];

/** Pixels at a zoom: the worse, the wider. */
function width(scale: number, more: number): ExpressionSpecification {
  return ["+", more, ["*", scale, ["+", 1.5, ["*", 0.55, rank]]]];
}

function byZoom(more: number): ExpressionSpecification {
  return [
    "interpolate",
    ["linear"],
    ["zoom"],
    7,
    width(0.55, more * 0.4),
    10,
    width(0.8, more * 0.8),
    13,
    width(1.25, more),
    17,
    width(2.4, more * 1.5),
  ];
}

/**
 * Pixels to the right: both ways of a road, and a tunnel's compartments, lie on top of each other
 * from afar; near by they are where they are.
 */
function offset(family: Family): ExpressionSpecification {
  const lane: ExpressionSpecification = family === "road" ? ["literal", 1] : ["get", "lane"];
  const at = (px: number): ExpressionSpecification => ["*", px, lane];
  return ["interpolate", ["linear"], ["zoom"], 8, at(0.9), 11, at(2.2), 14, at(3.4), 17, at(0)];
}

/** The layers of one family over the source `lines`. */
export function lineLayers(p: Palette, family: Family): LayerSpecification[] {
  const source = "lines";
  const filter: ExpressionSpecification = ["==", ["get", "family"], family];
  const layout = { "line-join": "round" as const, "line-cap": "butt" as const };
  const base = { type: "line" as const, source, filter, layout };
  const aside = { "line-offset": offset(family) };
  return [
    {
      ...base,
      id: `${family}-picked`,
      paint: {
        ...aside,
        "line-color": p.mark,
        "line-width": byZoom(9),
        "line-opacity": ["case", isPicked, 1, isUnder, 0.65, 0],
      },
    },
    {
      ...base,
      id: `${family}-casing`,
      paint: {
        ...aside,
        // A tunnel is told from the road above it by its outline.
        "line-color": family === "road" ? p.edge : p.tunnel,
        "line-width": byZoom(family === "road" ? 2.6 : 3),
      },
    },
    {
      ...base,
      id: `${family}-none`,
      paint: {
        ...aside,
        "line-color": p.stale,
        "line-width": byZoom(0),
        "line-dasharray": [2, 1.6],
        "line-opacity": ["case", hasValue, 0, 1],
      },
    },
    {
      ...base,
      id: bodyLayer(family),
      paint: {
        ...aside,
        "line-color": ["to-color", ["coalesce", ["feature-state", "colour"], p.stale]],
        "line-width": byZoom(0),
        "line-opacity": ["case", hasValue, 1, 0],
      },
    },
    {
      ...base,
      id: `${family}-alarm`,
      minzoom: 9.5,
      paint: {
        ...aside,
        "line-color": "#16100c",
        "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.8, 13, 1.8, 17, 3.5],
        "line-dasharray": [1.2, 2.4],
        "line-opacity": ["case", isAlarm, 0.85, 0],
      },
    },
  ];
}

/** Names along the lines. */
export function lineLabels(p: Palette, family: Family, fonts: string[]): LayerSpecification {
  return {
    id: `${family}-label`,
    type: "symbol",
    source: "lines",
    filter: ["==", ["get", "family"], family],
    minzoom: family === "road" ? 11.5 : 14.5,
    layout: {
      "symbol-placement": "line",
      "symbol-spacing": 420,
      "text-field": ["get", "label"],
      "text-font": fonts,
      "text-size": 11.5,
      "text-offset": [0, 1.1],
      "text-max-angle": 40,
      "text-padding": 6,
    },
    paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
  };
}
