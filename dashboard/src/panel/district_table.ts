/** The districts with their signs, the worst of the chosen sign first. */

import { isLive } from "../devices";
import { arrange, button, h, setText } from "../dom";
import { nameIn } from "../i18n";
import { districtIndicators } from "../legend";
import { badness, higherIsWorse, worseFirst } from "../signs";
import { figureText, LevelChip } from "./parts";
import { areaName, type Context } from "./view";

/** So many signs fit beside each other; the chosen one is always among them, and first. */
const COLUMNS = 3;

interface Cell {
  readonly indicator: string;
  readonly value: HTMLElement;
  readonly chip: LevelChip;
}

interface Row {
  readonly code: string;
  readonly root: HTMLElement;
  readonly cells: readonly Cell[];
  readonly live: HTMLElement;
}

/** A table of districts; `update` when signs moved, `count` once a second. */
export class DistrictTable {
  readonly root: HTMLElement;
  private readonly body = h("tbody");
  private readonly columns: readonly string[];
  private rows = new Map<string, Row>();

  constructor(private readonly context: Context) {
    const { s, world, route } = context;
    const others = districtIndicators(context).filter((name) => name !== route.sign);
    this.columns = [...(route.sign ? [route.sign] : []), ...others].slice(0, COLUMNS);
    this.root = world.areas.size ? this.table() : h("p", { class: "empty" }, s.noDistricts);
    this.update();
  }

  update(): void {
    const { world, route } = this.context;
    const chosen = route.sign ?? "";
    const worse = higherIsWorse(world.indicators.get(chosen));
    const collator = new Intl.Collator(this.context.language);
    const bad = (code: string) => badness(world.sign(code, chosen), worse);
    const codes = [...world.areas.keys()].sort(
      (a, b) => worseFirst(bad(a), bad(b)) || collator.compare(this.name(a), this.name(b)),
    );
    const rows = codes.map((code) => this.rows.get(code) ?? this.row(code));
    this.rows = new Map(rows.map((row) => [row.code, row]));
    arrange(
      this.body,
      rows.map((row) => row.root),
    );
    for (const row of rows) for (const cell of row.cells) this.fill(row.code, cell);
  }

  /** How many devices of each district report. */
  count(): void {
    const counts = new Map<string, { live: number; total: number }>();
    for (const device of this.context.world.devices.values()) {
      if (!device.district) continue;
      const count = counts.get(device.district) ?? { live: 0, total: 0 };
      count.total += 1;
      if (isLive(device.state)) count.live += 1;
      counts.set(device.district, count);
    }
    for (const row of this.rows.values()) {
      const { live, total } = counts.get(row.code) ?? { live: 0, total: 0 };
      setText(row.live, `${live}/${total}`);
    }
  }

  private table(): HTMLElement {
    const { s } = this.context;
    const heads = this.columns.map((name) => this.head(name));
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

  private head(indicator: string): HTMLElement {
    const { world, language, route } = this.context;
    const name = nameIn(world.indicators.get(indicator)?.names, language, indicator);
    const isSorted = indicator === route.sign;
    return h(
      "th",
      { scope: "col", "aria-sort": isSorted ? "other" : null },
      isSorted ? `${name} ▾` : name,
    );
  }

  private name(code: string): string {
    return areaName(this.context, code);
  }

  private row(code: string): Row {
    const cells = this.columns.map((indicator) => ({
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
    setText(cell.value, figureText(this.context, cell.indicator, sign));
    cell.chip.show(sign);
  }
}
