/** Dark and light: by the system's preference until the reader chooses; colours for canvases. */

export type ThemeChoice = "auto" | "dark" | "light";
export type Theme = "dark" | "light";

/** Colours that CSS cannot reach: the map, the chart and the symbols on them. */
export interface Palette {
  readonly ground: string;
  readonly noValue: string;
  readonly hatch: string;
  readonly outline: string;
  readonly selected: string;
  /** Around the selected line, on any colour. */
  readonly mark: string;
  readonly text: string;
  readonly muted: string;
  readonly halo: string;
  readonly grid: string;
  readonly line: string;
  readonly band: string;
  readonly fillOpacity: number;
  readonly live: string;
  readonly lampOn: string;
  readonly failed: string;
  readonly stale: string;
  readonly edge: string;
  /** The outline of tunnels. */
  readonly tunnel: string;
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  dark: {
    ground: "#0e1417",
    noValue: "#1d272c",
    hatch: "#4a5b64",
    outline: "#0e1417",
    selected: "#ffffff",
    mark: "#ffd166",
    text: "#f2f6f7",
    muted: "#a3b3bb",
    halo: "#0e1417",
    grid: "#28353b",
    line: "#6fd3c7",
    band: "rgba(111, 211, 199, 0.22)",
    fillOpacity: 0.55,
    live: "#8fb8d8",
    lampOn: "#ffe08a",
    failed: "#ff6b5e",
    stale: "#b3bfc5",
    edge: "#0b1013",
    tunnel: "#dfe8ec",
  },
  light: {
    ground: "#eef2f3",
    noValue: "#e6ecee",
    hatch: "#b7c4ca",
    outline: "#ffffff",
    selected: "#10191d",
    mark: "#0b5cad",
    text: "#16232a",
    muted: "#51626b",
    halo: "#ffffff",
    grid: "#dde5e8",
    line: "#0b6b63",
    band: "rgba(11, 107, 99, 0.18)",
    fillOpacity: 0.5,
    live: "#1f5f94",
    lampOn: "#f5b700",
    failed: "#c3241a",
    stale: "#5c6b73",
    edge: "#ffffff",
    tunnel: "#1b2a31",
  },
};

const KEY = "citypulse.theme";
const ORDER: readonly ThemeChoice[] = ["auto", "dark", "light"];
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

/** What the reader chose, `auto` if nothing. */
export function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return stored === "dark" || stored === "light" ? stored : "auto";
}

/** The theme in force. */
export function theme(): Theme {
  const choice = themeChoice();
  if (choice !== "auto") return choice;
  return prefersDark.matches ? "dark" : "light";
}

/** Writes the choice where CSS sees it. */
export function applyTheme(): void {
  document.documentElement.dataset["theme"] = themeChoice();
}

/** Moves on to the next choice and remembers it. */
export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(themeChoice()) + 1) % ORDER.length] ?? "auto";
  localStorage.setItem(KEY, next);
  applyTheme();
}

/** Calls back when the system's preference changes. */
export function onSystemTheme(listener: () => void): void {
  prefersDark.addEventListener("change", listener);
}
