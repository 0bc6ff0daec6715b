/** What lies under the pointer, in a few lines beside it. */

import { serverNow } from "./api";
import { h } from "./dom";
import { ageText, metricText, unitText } from "./format";
import { nameIn } from "./i18n";
import { MAIN_SIGN } from "./lines";
import type { Target } from "./map/city_map";
import { signText, spaced, stateText } from "./panel/parts";
import { areaName, type Context, deviceName, lineName } from "./panel/view";

const SHOWN_METRICS = 4;
const OFFSET_PX = 14;

function areaLines(context: Context, code: string): string[] {
  return context.world.indicatorsOf([code]).map((id) => {
    const indicator = context.world.indicators.get(id);
    const sign = context.world.sign(code, id);
    const name = nameIn(indicator?.names, context.language, id);
    return `${name}: ${signText(context, id, sign)}`;
  });
}

/** A link's own sign, then what the devices on it measure. */
function linkLines(context: Context, code: string): string[] {
  const { world, language } = context;
  const line = world.lines.get(code);
  if (!line) return [];
  const id = MAIN_SIGN[line.family];
  const sign = world.sign(code, id);
  const name = nameIn(world.indicators.get(id)?.names, language, id);
  const devices = world.devicesOn(code).flatMap((device) => deviceLines(context, device.code));
  return [`${name}: ${signText(context, id, sign)}`, ...devices];
}

const LINES: Readonly<Record<Target["kind"], (context: Context, code: string) => string[]>> = {
  area: areaLines,
  line: linkLines,
  device: deviceLines,
};
const NAMES: Readonly<Record<Target["kind"], (context: Context, code: string) => string>> = {
  area: areaName,
  line: lineName,
  device: deviceName,
};

function deviceLines(context: Context, code: string): string[] {
  const { world, s, language } = context;
  const device = world.devices.get(code);
  if (!device) return [];
  const age =
    device.lastMs === null ? "" : ` · ${ageText((serverNow() - device.lastMs) / 1000, s)}`;
  const lines = [`${stateText(device, s)}${age}`];
  const specs = world.profiles.get(device.profile)?.metrics ?? [];
  for (const spec of specs) {
    const known = device.values.get(spec.name);
    if (!known || lines.length > SHOWN_METRICS) continue;
    const value = `${metricText(spec, known.value, language)}${spaced(unitText(spec.unit))}`;
    lines.push(`${nameIn(spec.names, language, spec.name)}: ${value}`);
  }
  return lines;
}

/** A box beside the pointer; hidden where there is nothing under it. */
export class Tooltip {
  readonly root = h("div", { class: "tooltip", hidden: true, "aria-hidden": "true" });

  show(context: Context, target: Target | null, x: number, y: number): void {
    this.root.hidden = target === null;
    if (!target) return;
    const title = NAMES[target.kind](context, target.code);
    const lines = LINES[target.kind](context, target.code);
    this.root.replaceChildren(h("strong", {}, title), ...lines.map((line) => h("div", {}, line)));
    this.place(x, y);
  }

  private place(x: number, y: number): void {
    const box = this.root.parentElement?.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const left = box && x + OFFSET_PX + width > box.width ? x - OFFSET_PX - width : x + OFFSET_PX;
    const top = box && y + OFFSET_PX + height > box.height ? y - OFFSET_PX - height : y + OFFSET_PX;
    this.root.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  }
}
