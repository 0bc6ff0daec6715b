/** What the map shows: layers that can be switched off one by one. Pure. */

export const LAYERS = ["poles", "stations", "roads", "tunnels", "meters"] as const;
export type Layer = (typeof LAYERS)[number];

const BY_PROFILE: Readonly<Record<string, Layer>> = {
  "air-station": "stations",
  road: "roads",
  "utility-tunnel": "tunnels",
  "energy-meter": "meters",
};

/** The layer a device belongs to; kinds that this page does not know go with the poles. */
export function layerOf(profile: string): Layer {
  return BY_PROFILE[profile] ?? "poles";
}

/** Reads a list such as `poles,meters`; what is no layer is left out. */
export function layersIn(text: string | null): ReadonlySet<Layer> {
  const named = (text ?? "").split(",");
  return new Set(LAYERS.filter((layer) => named.includes(layer)));
}

/** The layers with one of them switched over. */
export function switched(hidden: ReadonlySet<Layer>, layer: Layer): ReadonlySet<Layer> {
  return new Set(LAYERS.filter((each) => hidden.has(each) !== (each === layer)));
}
