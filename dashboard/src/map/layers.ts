/** The map's style: a plain ground, districts, lines, devices, labels; no tiles, no glyph server. */

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { LAYERS, type Layer } from "../shown";
import type { Palette } from "../theme";
import { FAMILIES, lineLabels, lineLayers } from "./line_layers";

// Without a `glyphs` address MapLibre draws letters from these local fonts.
const FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "system-ui"];

export const HATCH = "hatch";

/** Farther out there is room for a sign's value, but not for its level's name. */
const FULL_LABEL_ZOOM = 7.3;
const FIXTURES: ReadonlySet<Layer> = new Set(["roads", "tunnels", "meters"]);
const NOTHING = { type: "FeatureCollection" as const, features: [] };

/** Layers that answer to the pointer. */
export const DISTRICT_LAYER = "district-fill";
export const DEVICE_LAYER = "devices";
/** Devices that stand for what a line or a building shows already: drawn near by only. */
export const FIXTURE_LAYER = "fixtures";
const FIXTURE_ZOOM = 12.5;

function districtLayers(p: Palette): LayerSpecification[] {
  const hasColour: ExpressionSpecification = ["to-boolean", ["feature-state", "colour"]];
  return [
    {
      id: "district-hatch",
      type: "fill",
      source: "districts",
      paint: { "fill-pattern": HATCH, "fill-opacity": ["case", hasColour, 0, 1] },
    },
    {
      id: DISTRICT_LAYER,
      type: "fill",
      source: "districts",
      paint: {
        "fill-color": ["to-color", ["coalesce", ["feature-state", "colour"], p.noValue]],
        // Near by, the whole view is one district: its colour steps back behind the devices.
        "fill-opacity": [
          "interpolate",
          ["linear"],
          ["zoom"],
          10,
          ["case", hasColour, p.fillOpacity, 0],
          13,
          ["case", hasColour, p.fillOpacity * 0.4, 0],
        ],
      },
    },
    {
      id: "district-edge",
      type: "line",
      source: "districts",
      layout: { "line-join": "round" },
      paint: { "line-color": p.outline, "line-width": 1.5 },
    },
    {
      id: "district-picked",
      type: "line",
      source: "districts",
      layout: { "line-join": "round" },
      paint: {
        "line-color": p.selected,
        "line-width": ["case", ["boolean", ["feature-state", "picked"], false], 3, 1.5],
        "line-opacity": [
          "case",
          ["boolean", ["feature-state", "picked"], false],
          1,
          ["boolean", ["feature-state", "under"], false],
          0.7,
          0,
        ],
      },
    },
  ];
}

function deviceLayers(p: Palette): LayerSpecification[] {
  return [
    {
      id: "device-picked",
      type: "circle",
      source: "devices",
      filter: ["==", ["get", "code"], ""],
      paint: {
        "circle-radius": 13,
        "circle-color": "rgba(0,0,0,0)",
        "circle-stroke-color": p.selected,
        "circle-stroke-width": 2.5,
      },
    },
    deviceLayer(FIXTURE_LAYER, FIXTURE_ZOOM),
    deviceLayer(DEVICE_LAYER, 0),
  ];
}

function deviceLayer(id: string, minzoom: number): LayerSpecification {
  return {
    id,
    type: "symbol",
    source: "devices",
    minzoom,
    filter: deviceFilter(id, new Set()),
    layout: {
      "icon-image": ["get", "symbol"],
      "icon-size": [
        "interpolate",
        ["linear"],
        ["zoom"],
        7,
        ["*", ["get", "weight"], 0.3],
        10,
        ["*", ["get", "weight"], 0.52],
        13,
        1,
      ],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "symbol-sort-key": ["get", "order"],
    },
  };
}

/** Which devices a layer draws: those of its kind whose layer the reader has not switched off. */
export function deviceFilter(id: string, hidden: ReadonlySet<Layer>): ExpressionSpecification {
  const kinds = LAYERS.filter((layer) => FIXTURES.has(layer) === (id === FIXTURE_LAYER));
  const shown = kinds.filter((layer) => !hidden.has(layer));
  return ["in", ["get", "layer"], ["literal", shown]];
}

/** A district's name over what its sign says. */
function label(sign: "short" | "sign"): ExpressionSpecification {
  return ["format", ["get", "name"], {}, "\n", {}, ["get", sign], { "font-scale": 0.92 }];
}

function labelLayer(p: Palette): LayerSpecification {
  return {
    id: "district-label",
    type: "symbol",
    source: "labels",
    layout: {
      "text-field": ["step", ["zoom"], label("short"), FULL_LABEL_ZOOM, label("sign")],
      "text-font": FONTS,
      "text-size": ["interpolate", ["linear"], ["zoom"], 7, 11, 9, 13, 12, 16],
      "text-max-width": 9,
      "text-line-height": 1.25,
      "text-padding": 1,
      "text-variable-anchor": ["center", "top", "bottom", "left", "right"],
      "text-radial-offset": 0.4,
      "symbol-sort-key": ["get", "order"],
    },
    paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.8 },
  };
}

/** The whole style in one theme. */
export function mapStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {
      districts: { type: "geojson", data: NOTHING, promoteId: "code" },
      labels: { type: "geojson", data: NOTHING },
      lines: { type: "geojson", data: NOTHING, promoteId: "code" },
      devices: { type: "geojson", data: NOTHING, promoteId: "code" },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": palette.ground } },
      ...districtLayers(palette),
      ...FAMILIES.flatMap((family) => lineLayers(palette, family)),
      ...FAMILIES.map((family) => lineLabels(palette, family, FONTS)),
      ...deviceLayers(palette),
      labelLayer(palette),
    ],
  };
}
