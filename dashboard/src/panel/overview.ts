/** The city at a glance: counters, signs per district from the worst, and a way to find a device. */

import { button, h, setAttribute, setText } from "../dom";
import { numberText } from "../format";
import { nameIn } from "../i18n";
import { badness, higherIsWorse } from "../signs";
import type { Change } from "../world";
import { fleetCounts } from "../world";
import { DeviceList, sortDevices } from "./device_list";
import { LevelChip, signValueText } from "./parts";
import { areaName, type Context, deviceName, type View } from "./view";

class Counter {
  private readonly figure = h("span", { class: "figure" });
  readonly root: HTMLElement;

  constructor(label: string, name: string) {
    this.root = h(
      "div",
      { class: "counter", "data-counter": name },
      this.figure,
      h("span", {}, label),
    );
  }

  show(text: string, alarming = false): void {
    setText(this.figure, text);
    setAttribute(this.root, "data-alarming", alarming ? "" : null);
  }
}

interface Cell {
  readonly indicator: string;
  readonly value: HTMLElement;
  readonly chip: LevelChip;
}

interface DistrictRow {
  readonly code: string;
  readonly root: HTMLElement;
  readonly cells: readonly Cell[];
  readonly live: HTMLElement;
}

/** Nothing is selected: the whole city. */
export class Overview implements View {
  readonly root = h("section", { class: "view overview" });
  private readonly live: Counter;
  private readonly stale: Counter;
  private readonly lamps: Counter;
  private readonly rate: Counter;
  private readonly body = h("tbody");
  private rows = new Map<string, DistrictRow>();
  private readonly list: DeviceList;
  private readonly found = h("p", { class: "hint", role: "status" });

  constructor(private readonly context: Context) {
    const { s } = context;
    this.live = new Counter(s.devicesLive, "live");
    this.stale = new Counter(s.devicesStale, "stale");
    this.lamps = new Counter(s.lampsFailed, "lamps-failed");
    this.rate = new Counter(s.readingsPerMinute, "rate");
    this.list = new DeviceList(context);
    this.root.append(
      h("h2", { tabindex: -1 }, s.cityOverview),
      h(
        "div",
        { class: "counters" },
        this.live.root,
        this.stale.root,
        this.lamps.root,
        this.rate.root,
      ),
      this.search(),
      this.districts(),
    );
    this.sort();
    this.update(null);
  }

  update(change: Change | null): void {
    if (change?.signs) this.sort();
    if (change && !change.signs) return; // counters wait for the tick of the second
    const { world, language, s } = this.context;
    const counts = fleetCounts(world.devices.values());
    const whole = (n: number) => numberText(n, 1, language);
    this.live.show(`${whole(counts.live)} / ${whole(counts.total)}`);
    this.stale.show(whole(counts.total - counts.live), counts.total > counts.live);
    this.lamps.show(whole(counts.lampsFailed), counts.lampsFailed > 0);
    const rate = world.rate.perMinute(Date.now());
    this.rate.show(rate === null ? s.measuring : whole(rate));
    this.countPerDistrict();
    this.list.tick();
  }

  destroy(): void {}

  private countPerDistrict(): void {
    const counts = new Map<string, { live: number; total: number }>();
    for (const device of this.context.world.devices.values()) {
      if (!device.district) continue;
      const count = counts.get(device.district) ?? { live: 0, total: 0 };
      count.total += 1;
      if (device.state !== "stale" && device.state !== "silent") count.live += 1;
      counts.set(device.district, count);
    }
    for (const row of this.rows.values()) {
      const { live, total } = counts.get(row.code) ?? { live: 0, total: 0 };
      setText(row.live, `${live}/${total}`);
    }
  }

  private districts(): HTMLElement {
    const { s, world, language } = this.context;
    if (!world.areas.size) return h("p", { class: "empty" }, s.noDistricts);
    const heads = [...world.indicators.values()].map((indicator) => {
      const isSorted = indicator.indicator === this.context.route.sign;
      const name = nameIn(indicator.names, language, indicator.indicator);
      return h(
        "th",
        { scope: "col", "aria-sort": isSorted ? "other" : null },
        isSorted ? `${name} ▾` : name,
      );
    });
    return h(
      "table",
      { class: "districts" },
      h("caption", {}, `${s.districts} · ${s.worstFirst}`),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, s.district),
          ...heads,
          h("th", { scope: "col", class: "number" }, s.live),
        ),
      ),
      this.body,
    );
  }

  private sort(): void {
    const { world, route } = this.context;
    const chosen = route.sign ?? "";
    const worse = higherIsWorse(world.indicators.get(chosen));
    const collator = new Intl.Collator(this.context.language);
    const codes = [...world.areas.keys()].sort((a, b) => {
      const by = badness(world.sign(b, chosen), worse) - badness(world.sign(a, chosen), worse);
      return (Number.isNaN(by) ? 0 : by) || collator.compare(this.name(a), this.name(b));
    });
    const rows = codes.map((code) => this.rows.get(code) ?? this.row(code));
    this.rows = new Map(rows.map((row) => [row.code, row]));
    rows.forEach((row, index) => {
      // Moving a row that stays where it is would take the focus from it.
      if (this.body.children[index] !== row.root) {
        this.body.insertBefore(row.root, this.body.children[index] ?? null);
      }
      for (const cell of row.cells) this.fill(row.code, cell);
    });
  }

  private name(code: string): string {
    return areaName(this.context, code);
  }

  private row(code: string): DistrictRow {
    const cells = [...this.context.world.indicators.keys()].map((indicator) => ({
      indicator,
      value: h("span", { class: "value" }),
      chip: new LevelChip(this.context, indicator),
    }));
    const live = h("td", { class: "number" });
    const choose = button(this.name(code), () => this.context.go({ at: code, metric: null }), {
      class: "link",
    });
    const root = h(
      "tr",
      { "data-area": code },
      h("th", { scope: "row" }, choose),
      ...cells.map((cell) =>
        h("td", {}, h("div", { class: "sign-cell" }, cell.chip.root, cell.value)),
      ),
      live,
    );
    return { code, root, cells, live };
  }

  private fill(code: string, cell: Cell): void {
    const sign = this.context.world.sign(code, cell.indicator);
    const hasValue = sign?.status === "ok" && sign.value !== null;
    setText(cell.value, hasValue ? signValueText(this.context, cell.indicator, sign) : "");
    cell.chip.show(sign);
  }

  private search(): HTMLElement {
    const { s } = this.context;
    const input = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    input.addEventListener("input", () => this.find(input.value));
    this.list.root.hidden = true;
    return h(
      "div",
      { class: "search", role: "search" },
      h("label", {}, h("span", {}, s.find), input),
      this.found,
      this.list.root,
    );
  }

  private find(text: string): void {
    const wanted = text.trim().toLowerCase();
    const asCode = wanted.replace(/[\s-]/g, "").toUpperCase();
    const { world, s } = this.context;
    const hits = wanted
      ? [...world.devices.values()].filter(
          (device) =>
            device.code.includes(asCode) ||
            (device.mountedOn?.includes(asCode) ?? false) ||
            deviceName(this.context, device.code).toLowerCase().includes(wanted),
        )
      : [];
    setText(this.found, wanted ? s.found(hits.length) : "");
    this.list.root.hidden = !hits.length;
    this.list.show(sortDevices(this.context, hits));
  }
}
