/** The card on the map: which sign colours the districts, what colours and symbols mean. */

import { button, h } from "./dom";
import { nameIn } from "./i18n";
import { STATES, symbolCanvas } from "./map/symbols";
import type { Context } from "./panel/view";

function signChoice(context: Context): HTMLElement {
  const { s, world, route, language, go } = context;
  const group = h("div", { class: "segmented", role: "group", "aria-label": s.signChoice });
  for (const [id, indicator] of world.indicators) {
    group.append(
      button(nameIn(indicator.names, language, id), () => go({ sign: id }), {
        "aria-pressed": String(id === route.sign),
        "data-focus": `sign ${id}`,
      }),
    );
  }
  return group;
}

function levels(context: Context): HTMLElement {
  const { s, world, route, language } = context;
  const list = h("ul", { role: "list", class: "levels" });
  for (const level of world.indicators.get(route.sign ?? "")?.levels ?? []) {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.backgroundColor = level.colour;
    const low = level.low ?? null;
    const high = level.high ?? null;
    const range = low !== null && high !== null ? `${low}–${high}` : "";
    list.append(
      h(
        "li",
        {},
        swatch,
        h("span", {}, nameIn(level.label, language, String(level.level))),
        h("span", { class: "range" }, range),
      ),
    );
  }
  list.append(
    h("li", {}, h("span", { class: "swatch none", "aria-hidden": "true" }), s.legendNoValue),
  );
  return list;
}

function symbols(context: Context): HTMLElement {
  const { s, palette } = context;
  const list = h("ul", { role: "list", class: "symbols" });
  for (const state of STATES) {
    list.append(h("li", {}, symbolCanvas("pole", state, palette), s.deviceStates[state]));
  }
  list.append(h("li", {}, symbolCanvas("station", "live", palette), s.station));
  return list;
}

/** The legend in the reader's language and theme; `isOpen` on wide pages. */
export function legend(context: Context, isOpen: boolean): HTMLElement {
  const details = h(
    "details",
    { open: isOpen },
    h("summary", {}, context.s.legend),
    levels(context),
    symbols(context),
  );
  return h("div", { class: "legend" }, signChoice(context), details);
}
