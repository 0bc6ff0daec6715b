/** One device: what it is and stands on, each metric's newest value, and a chart of one of them. */

import { serverNow } from "../api";
import type { MetricSpec } from "../contract";
import type { Device } from "../devices";
import { button, h, setAttribute, setText } from "../dom";
import { ageText, clockText, metricText, unitText } from "../format";
import { nameIn } from "../i18n";
import { RANGES, type Range } from "../route";
import type { Change } from "../world";
import { Chart } from "./chart";
import { codeLink, StateMark } from "./parts";
import { areaName, type Context, deviceName, type View } from "./view";

const REFRESH_EVERY_S = 15;

interface MetricRow {
  readonly spec: MetricSpec;
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly age: HTMLElement;
  readonly quality: HTMLElement;
}

/** A device is selected. */
export class DeviceView implements View {
  readonly root = h("section", { class: "view device" });
  private readonly mark: StateMark;
  private readonly lastReport = h("dd");
  private readonly rows: readonly MetricRow[];
  private readonly chart: Chart | null;
  private ticks = 0;

  constructor(
    private readonly context: Context,
    private readonly code: string,
  ) {
    this.mark = new StateMark(context);
    const specs = this.measured();
    const chosen = specs.find((spec) => spec.name === context.route.metric) ?? specs[0];
    this.rows = specs.map((spec) => this.row(spec, spec === chosen));
    this.chart = chosen ? new Chart(context, this.device, chosen) : null;
    this.root.append(
      this.crumbs(),
      h("h2", { tabindex: -1 }, deviceName(context, code)),
      this.facts(),
      ...(chosen ? this.chartPart(chosen) : []),
      specs.length ? this.table() : h("p", { class: "empty" }, context.s.noValues),
    );
    this.update(null);
  }

  private get device(): Device {
    const device = this.context.world.devices.get(this.code);
    if (!device) throw new Error(`the panel of ${this.code} outlived its device`);
    return device;
  }

  update(change: Change | null): void {
    if (!this.context.world.devices.has(this.code)) return;
    if (change?.everything) this.chart?.refetch();
    const touched = change?.values.has(this.code) || change?.states.has(this.code);
    if (change && !touched && !change.everything) return;
    const { device } = this;
    if (this.measured().length !== this.rows.length) {
      this.context.renew();
      return;
    }
    this.mark.show(device);
    this.showLastReport(device);
    for (const row of this.rows) this.fill(row, device);
    if (change) this.chart?.draw();
    else this.tick();
  }

  private tick(): void {
    this.chart?.tick();
    this.ticks += 1;
    if (this.ticks % REFRESH_EVERY_S === 0) void this.context.world.refresh(this.code);
  }

  destroy(): void {
    this.chart?.destroy();
  }

  /** The profile's metrics that this device has ever sent, in the catalogue's order. */
  private measured(): MetricSpec[] {
    const { device } = this;
    const profile = this.context.world.profiles.get(device.profile);
    return (profile?.metrics ?? []).filter((spec) => device.values.has(spec.name));
  }

  private crumbs(): HTMLElement {
    const { s, go } = this.context;
    const { district } = this.device;
    const crumbs = h(
      "nav",
      { class: "crumbs" },
      button(`‹ ${s.backToCity}`, () => go({ at: null, metric: null }), { class: "link" }),
    );
    if (district && this.context.world.areas.has(district)) {
      const name = areaName(this.context, district);
      crumbs.append(
        button(`‹ ${name}`, () => go({ at: district, metric: null }), { class: "link" }),
      );
    }
    return crumbs;
  }

  private facts(): HTMLElement {
    const { s, world, language, locate } = this.context;
    const { device } = this;
    const profile = nameIn(world.profiles.get(device.profile)?.names, language, device.profile);
    const facts = h("dl", { class: "facts" });
    const add = (term: string, ...fact: (Node | string)[]) =>
      facts.append(h("dt", {}, term), h("dd", {}, ...fact));
    facts.append(h("dt", {}, s.lastReport), this.lastReport);
    add(s.code, codeLink(device.code, s));
    if (device.mountedOn) add(s.mountedOn, codeLink(device.mountedOn, s));
    add(s.profile, profile);
    const show = button(s.zoomTo, () => locate(device.code), { class: "link" });
    return h("div", {}, h("p", { class: "under" }, this.mark.root, show), facts);
  }

  private showLastReport(device: Device): void {
    const { s, language } = this.context;
    if (device.lastMs === null) {
      setText(this.lastReport, s.never);
      return;
    }
    const age = ageText((serverNow() - device.lastMs) / 1000, s);
    setText(
      this.lastReport,
      `${clockText(new Date(device.lastMs), new Date(), language)} (${age})`,
    );
  }

  private chartPart(chosen: MetricSpec): Node[] {
    const { s, language, route, go } = this.context;
    const ranges = h("div", { class: "segmented", role: "group", "aria-label": s.range });
    for (const range of Object.keys(RANGES) as Range[]) {
      const pressed = range === route.range;
      ranges.append(
        button(s.ranges[range], () => go({ range }), {
          "aria-pressed": String(pressed),
          "data-focus": `range ${range}`,
        }),
      );
    }
    const title = h("h3", {}, nameIn(chosen.names, language, chosen.name));
    return [
      h("div", { class: "chart-head" }, title, ranges),
      ...(this.chart ? [this.chart.root] : []),
    ];
  }

  private row(spec: MetricSpec, isChosen: boolean): MetricRow {
    const { s, language, go } = this.context;
    const name = nameIn(spec.names, language, spec.name);
    const choose = button(name, () => go({ metric: spec.name }), {
      class: "link",
      title: s.selectMetric(name),
      "aria-pressed": String(isChosen),
      "data-focus": `metric ${spec.name}`,
    });
    const value = h("td", { class: "number value" });
    const age = h("td", { class: "number age" });
    const quality = h("td", { class: "quality" });
    const root = h(
      "tr",
      { "data-metric": spec.name, class: isChosen ? "chosen" : null },
      h("th", { scope: "row" }, choose),
      value,
      h("td", { class: "unit" }, unitText(spec.unit)),
      age,
      quality,
    );
    return { spec, root, value, age, quality };
  }

  private fill(row: MetricRow, device: Device): void {
    const { s, language } = this.context;
    const known = device.values.get(row.spec.name);
    if (!known) return;
    setText(row.value, metricText(row.spec, known.value, language));
    setText(row.age, ageText((serverNow() - known.atMs) / 1000, s));
    const mark = { good: "", suspect: "△ ", fail: "✕ " }[known.quality];
    setText(row.quality, `${mark}${s.qualities[known.quality]}`);
    setAttribute(row.quality, "data-quality", known.quality);
  }

  private table(): HTMLElement {
    const { s } = this.context;
    const head = (text: string, number = false) =>
      h("th", { scope: "col", class: number ? "number" : null }, text);
    return h(
      "table",
      { class: "metrics" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head(s.metric),
          head(s.value, true),
          head(s.unit),
          head(s.age, true),
          head(s.quality),
        ),
      ),
      h("tbody", {}, ...this.rows.map((row) => row.root)),
    );
  }
}
