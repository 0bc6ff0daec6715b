/** The newest value of each metric a device has sent: unit, age, quality flag, and its tier. */

import { serverNow } from "../api";
import type { MetricSpec } from "../contract";
import type { Device } from "../devices";
import { button, h, setAttribute, setText } from "../dom";
import { ageText, metricText, unitText } from "../format";
import { nameIn } from "../i18n";
import { MAIN_SIGN } from "../lines";
import { tierOf } from "../signs";
import type { Context } from "./view";

interface Row {
  readonly spec: MetricSpec;
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly age: HTMLElement;
  readonly swatch: HTMLElement;
  readonly quality: HTMLElement;
}

/** The profile's metrics that this device has ever sent, in the catalogue's order. */
export function measured(context: Context, device: Device): MetricSpec[] {
  const profile = context.world.profiles.get(device.profile);
  return (profile?.metrics ?? []).filter((spec) => device.values.has(spec.name));
}

/** A table that `update` keeps current; its buttons choose the metric of the chart. */
export class MetricTable {
  readonly root: HTMLElement;
  private readonly rows: readonly Row[];

  /**
   * @param chosen the metric whose chart is shown
   * @param choose shows the chart of another one
   */
  constructor(
    private readonly context: Context,
    private readonly device: Device,
    chosen: string | null,
    choose: (metric: string) => void,
  ) {
    const specs = measured(context, device);
    this.rows = specs.map((spec) => this.row(spec, spec.name === chosen, choose));
    this.root = this.rows.length ? this.table() : h("p", { class: "empty" }, context.s.noValues);
  }

  /** Whether the device has sent something since that this table has no row for. */
  get isOutgrown(): boolean {
    return measured(this.context, this.current).length !== this.rows.length;
  }

  update(): void {
    for (const row of this.rows) this.fill(row, this.current);
  }

  private get current(): Device {
    return this.context.world.devices.get(this.device.code) ?? this.device;
  }

  private row(spec: MetricSpec, isChosen: boolean, choose: (metric: string) => void): Row {
    const { s, language } = this.context;
    const name = nameIn(spec.names, language, spec.name);
    const chooser = button(name, () => choose(spec.name), {
      class: "link",
      title: s.selectMetric(name),
      "aria-pressed": String(isChosen),
      "data-focus": `metric ${this.device.code} ${spec.name}`,
    });
    const value = h("td", { class: "number value" });
    const age = h("td", { class: "number age" });
    const swatch = h("span", { class: "swatch", "aria-hidden": "true", hidden: true });
    const quality = h("span");
    const root = h(
      "tr",
      { "data-metric": spec.name, class: isChosen ? "chosen" : null },
      h("th", { scope: "row" }, chooser),
      value,
      h("td", { class: "unit" }, unitText(spec.unit)),
      age,
      h("td", { class: "quality" }, swatch, quality),
    );
    return { spec, root, value, age, swatch, quality };
  }

  private fill(row: Row, device: Device): void {
    const { s, language } = this.context;
    const known = device.values.get(row.spec.name);
    if (!known) return;
    setText(row.value, metricText(row.spec, known.value, language));
    setText(row.age, ageText((serverNow() - known.atMs) / 1000, s));
    const level = known.quality === "good" ? this.tier(row.spec.name, device) : undefined;
    row.swatch.hidden = !level;
    if (level) row.swatch.style.backgroundColor = level.colour;
    const mark = { good: "", suspect: "△ ", fail: "✕ " }[known.quality];
    const flag = `${mark}${s.qualities[known.quality]}`;
    setText(row.quality, level ? nameIn(level.label, language, flag) : flag);
    setAttribute(row.quality.parentElement ?? row.quality, "data-quality", known.quality);
  }

  /** The tier the server puts this value in: part of the compartment's sign. */
  private tier(metric: string, device: Device) {
    const { world } = this.context;
    if (!device.mountedOn) return undefined;
    const sign = world.sign(device.mountedOn, MAIN_SIGN.tunnel);
    return tierOf(world.indicators.get(MAIN_SIGN.tunnel), sign, metric);
  }

  private table(): HTMLElement {
    const { s } = this.context;
    const head = (text: string, number = false) =>
      h("th", { scope: "col", class: number ? "number" : null }, text);
    const heads = [
      head(s.metric),
      head(s.value, true),
      head(s.unit),
      head(s.age, true),
      head(s.quality),
    ];
    return h(
      "table",
      { class: "metrics" },
      h("thead", {}, h("tr", {}, ...heads)),
      h("tbody", {}, ...this.rows.map((row) => row.root)),
    );
  }
}
