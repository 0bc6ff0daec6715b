/** The signs of devices on map, legend and lists: told apart by shape, not by colour alone. */

import type { Quality } from "../contract";
import type { DeviceState } from "../devices";
import type { Palette } from "../theme";

export type Shape = "pole" | "station" | "detector" | "compartment" | "meter";

export const STATES: readonly DeviceState[] = ["live", "lamp-on", "lamp-failed", "stale", "silent"];
export const FLAGS: readonly Quality[] = ["good", "suspect", "fail"];
export const SHAPES: readonly Shape[] = ["pole", "station", "detector", "compartment", "meter"];

const SIZE = 24; // CSS pixels; the drawing leaves 3 free on each side

/** The name under which the map knows a symbol. */
export function symbolName(shape: Shape, state: DeviceState, flag: Quality): string {
  return `${shape}:${state}:${flag}`;
}

const BY_PROFILE: Readonly<Record<string, Shape>> = {
  "air-station": "station",
  road: "detector",
  "utility-tunnel": "compartment",
  "energy-meter": "meter",
};

/** Poles are round, stations square, detectors diamonds, tunnels hexagons, meters like houses. */
export function shapeOf(profile: string): Shape {
  return BY_PROFILE[profile] ?? "pole";
}

/** Corners on the unit circle's scale, y downwards. */
const CORNERS: Readonly<Record<Exclude<Shape, "pole">, readonly (readonly [number, number])[]>> = {
  station: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
  detector: [
    [0, -1.2],
    [1.2, 0],
    [0, 1.2],
    [-1.2, 0],
  ],
  compartment: [
    [-0.6, -1],
    [0.6, -1],
    [1.15, 0],
    [0.6, 1],
    [-0.6, 1],
    [-1.15, 0],
  ],
  meter: [
    [0, -1.25],
    [1.05, -0.25],
    [1.05, 1],
    [-1.05, 1],
    [-1.05, -0.25],
  ],
};

type Pen = CanvasRenderingContext2D;

function body(pen: Pen, shape: Shape, radius: number): void {
  pen.beginPath();
  if (shape === "pole") {
    pen.arc(12, 12, radius, 0, 2 * Math.PI);
    return;
  }
  for (const [x, y] of CORNERS[shape]) pen.lineTo(12 + radius * x, 12 + radius * y);
  pen.closePath();
}

function filled(pen: Pen, shape: Shape, fill: string, edge: string): void {
  body(pen, shape, shape === "station" ? 7 : 6);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = edge;
  pen.stroke();
}

function hollow(pen: Pen, shape: Shape, colour: string, edge: string): void {
  for (const [width, style] of [
    [5, edge],
    [2.5, colour],
  ] as const) {
    body(pen, shape, 5.5);
    pen.lineWidth = width;
    pen.strokeStyle = style;
    pen.stroke();
  }
}

function rays(pen: Pen, colour: string, edge: string): void {
  for (const [width, style] of [
    [3.5, edge],
    [1.6, colour],
  ] as const) {
    pen.beginPath();
    for (let turn = 0; turn < 8; turn += 1) {
      const angle = (turn * Math.PI) / 4;
      pen.moveTo(12 + 7.5 * Math.cos(angle), 12 + 7.5 * Math.sin(angle));
      pen.lineTo(12 + 10.5 * Math.cos(angle), 12 + 10.5 * Math.sin(angle));
    }
    pen.lineWidth = width;
    pen.strokeStyle = style;
    pen.stroke();
  }
}

function warning(pen: Pen, palette: Palette): void {
  pen.beginPath();
  pen.moveTo(12, 1.5);
  pen.lineTo(23, 21);
  pen.lineTo(1, 21);
  pen.closePath();
  pen.lineJoin = "round";
  pen.lineWidth = 2;
  pen.fillStyle = palette.failed;
  pen.strokeStyle = palette.edge;
  pen.fill();
  pen.stroke();
  pen.fillStyle = palette.edge;
  pen.fillRect(10.9, 8, 2.2, 6.5);
  pen.fillRect(10.9, 16.2, 2.2, 2.2);
}

function cross(pen: Pen, palette: Palette): void {
  for (const [width, style] of [
    [5, palette.edge],
    [2.5, palette.stale],
  ] as const) {
    pen.beginPath();
    pen.moveTo(7, 7);
    pen.lineTo(17, 17);
    pen.moveTo(17, 7);
    pen.lineTo(7, 17);
    pen.lineWidth = width;
    pen.strokeStyle = style;
    pen.stroke();
  }
}

const DRAW: Readonly<Record<DeviceState, (pen: Pen, shape: Shape, palette: Palette) => void>> = {
  live: (pen, shape, p) => filled(pen, shape, p.live, p.edge),
  "lamp-on": (pen, shape, p) => {
    rays(pen, p.lampOn, p.edge);
    filled(pen, shape, p.lampOn, p.edge);
  },
  "lamp-failed": (pen, _shape, p) => warning(pen, p),
  stale: (pen, shape, p) => hollow(pen, shape, p.stale, p.edge),
  silent: (pen, _shape, p) => cross(pen, p),
};

/** At the upper right corner: a cross for a failed sensor, a triangle for a suspect one. */
function badge(pen: Pen, flag: Quality, palette: Palette): void {
  if (flag === "good") return;
  pen.beginPath();
  pen.arc(18, 6, 5.5, 0, 2 * Math.PI);
  pen.fillStyle = palette.edge;
  pen.fill();
  pen.beginPath();
  if (flag === "fail") {
    pen.moveTo(15.2, 3.2);
    pen.lineTo(20.8, 8.8);
    pen.moveTo(20.8, 3.2);
    pen.lineTo(15.2, 8.8);
  } else {
    pen.moveTo(18, 2.6);
    pen.lineTo(21.2, 8.2);
    pen.lineTo(14.8, 8.2);
    pen.closePath();
  }
  pen.lineWidth = flag === "fail" ? 2.4 : 1.6;
  pen.strokeStyle = palette.failed;
  pen.stroke();
}

/** A canvas with the symbol, at twice the size for sharp screens. */
export function symbolCanvas(
  shape: Shape,
  state: DeviceState,
  palette: Palette,
  flag: Quality = "good",
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * 2;
  canvas.height = SIZE * 2;
  canvas.className = "symbol";
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.scale(2, 2);
    DRAW[state](pen, shape, palette);
    badge(pen, flag, palette);
  }
  return canvas;
}

/** Diagonal lines: the fill of a district whose sign has no value that holds now. */
export function hatchCanvas(palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = 16;
  canvas.height = 16;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  pen.fillStyle = palette.noValue;
  pen.fillRect(0, 0, 16, 16);
  pen.strokeStyle = palette.hatch;
  pen.lineWidth = 2.5;
  pen.beginPath();
  for (const shift of [-16, 0, 16]) {
    pen.moveTo(shift - 2, 18);
    pen.lineTo(shift + 18, -2);
  }
  pen.stroke();
  return canvas;
}

/** The pixels of a canvas, as the map takes them. */
export function pixels(canvas: HTMLCanvasElement): ImageData {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("a canvas without a 2d context");
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
