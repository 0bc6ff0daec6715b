/** The card on the map: what colours the districts, which layers show, what lines and symbols mean. */

import { button, h } from "./dom";
import { nameIn } from "./i18n";
import { type Family, MAIN_SIGN } from "./lines";
import { SHAPES, STATES, symbolCanvas } from "./map/symbols";
import type { Context } from "./panel/view";
import { LAYERS, switched } from "./shown";

/** The indicators that can colour the districts: those that some district has a sign of. */
export function districtIndicators(context: Context): string[] {
  const { world } = context;
  const monitored = world.indicatorsOf(world.areas.keys());
  return monitored.length ? monitored : [...world.indicators.keys()];
}

function signChoice(context: Context): HTMLElement {
  const { s, world, route, language, go } = context;
  const select = h("select", { "data-focus": "sign" });
  for (const id of districtIndicators(context)) {
    const name = nameIn(world.indicators.get(id)?.names, language, id);
    select.append(h("option", { value: id, selected: id === route.sign }, name));
  }
  select.addEventListener("change", () => go({ sign: select.value }));
  return h("label", { class: "sign-choice" }, h("span", {}, s.signChoice), select);
}

function layerSwitch(context: Context): HTMLElement {
  const { s, route, go } = context;
  const group = h("div", { class: "segmented", role: "group", "aria-label": s.layerSwitch });
  for (const layer of LAYERS) {
    group.append(
      button(s.layers[layer], () => go({ hide: switched(route.hide, layer) }), {
        "aria-pressed": String(!route.hide.has(layer)),
        "data-focus": `layer ${layer}`,
        "data-layer": layer,
      }),
    );
  }
  return group;
}

function levels(context: Context): HTMLElement {
  const { s, world, route, language } = context;
  const list = h("ul", { role: "list", class: "levels" });
  const found = world.indicators.get(route.sign ?? "")?.levels ?? [];
  for (const level of found) {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.backgroundColor = level.colour;
    const low = level.low ?? null;
    const high = level.high ?? null;
    const isRange = low !== null && high !== null && low < high && found.length > 1;
    list.append(
      h(
        "li",
        {},
        swatch,
        h("span", {}, nameIn(level.label, language, String(level.level))),
        h("span", { class: "range" }, isRange ? `${low}–${high}` : ""),
      ),
    );
  }
  list.append(
    h("li", {}, h("span", { class: "swatch none", "aria-hidden": "true" }), s.legendNoValue),
  );
  return list;
}

/** A piece of line as the map draws it at this level; null for no current value. */
function sample(family: Family, colour: string | null, rank: number, alarm: boolean): HTMLElement {
  const line = h("span", { class: `stroke ${family}`, "aria-hidden": "true" });
  const body = h("span", { class: colour ? "body" : "body none" });
  body.style.height = `${2 + rank}px`;
  if (colour) body.style.backgroundColor = colour;
  if (alarm) body.append(h("span", { class: "dashes" }));
  line.append(body);
  return line;
}

function lineLevels(context: Context, family: Family): HTMLElement {
  const { s, world, language } = context;
  const list = h("ul", { role: "list" });
  const found = world.indicators.get(MAIN_SIGN[family])?.levels ?? [];
  found.forEach((level, place) => {
    list.append(
      h(
        "li",
        {},
        sample(family, level.colour, 1 + place, level.is_alarm ?? false),
        nameIn(level.label, language, String(level.level)),
      ),
    );
  });
  list.append(h("li", {}, sample(family, null, 0, false), s.legendNoLevel));
  return list;
}

function symbols(context: Context): HTMLElement {
  const { s, palette } = context;
  const list = h("ul", { role: "list", class: "symbols" });
  for (const state of STATES) {
    list.append(h("li", {}, symbolCanvas("pole", state, palette), s.deviceStates[state]));
  }
  for (const flag of ["fail", "suspect"] as const) {
    const text = s.flagMarks[flag];
    list.append(h("li", {}, symbolCanvas("pole", "live", palette, flag), text));
  }
  for (const shape of SHAPES) {
    if (shape === "pole") continue;
    list.append(h("li", {}, symbolCanvas(shape, "live", palette), s.shapes[shape]));
  }
  return list;
}

/** Which parts the reader has opened or closed, kept while the page lives. */
const toggled = new Map<string, boolean>();

function part(name: string, title: string, content: HTMLElement, isOpen: boolean): HTMLElement {
  const details = h(
    "details",
    { open: toggled.get(name) ?? isOpen, "data-part": name },
    h("summary", {}, title),
    content,
  );
  details.addEventListener("toggle", () => toggled.set(name, details.open));
  return details;
}

/** The legend in the reader's language and theme; `isWide` where it has room beside the city. */
export function legend(context: Context, isWide: boolean): HTMLElement {
  const { s, world, route, language } = context;
  const sign = nameIn(world.indicators.get(route.sign ?? "")?.names, language, s.legend);
  const families = (["road", "tunnel"] as const).filter(
    (family) => !route.hide.has(`${family}s`) && world.indicators.has(MAIN_SIGN[family]),
  );
  const parts = [
    part("districts", sign, levels(context), true),
    ...families.map((family) =>
      part(family, s.legendLines[family], lineLevels(context, family), true),
    ),
    part("symbols", s.legendSymbols, symbols(context), false),
  ];
  const rest = [layerSwitch(context), ...parts];
  if (isWide) return h("div", { class: "legend" }, signChoice(context), ...rest);
  const all = part("all", s.legend, h("div", {}, ...rest), false);
  return h("div", { class: "legend" }, signChoice(context), all);
}
