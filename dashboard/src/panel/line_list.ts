/** Links or routes as a table, the worst first, a part at a time. */

import { arrange, button, h, setText } from "../dom";
import { type Line, MAIN_SIGN } from "../lines";
import { badness, higherIsWorse, worseFirst } from "../signs";
import { figureText, LevelChip } from "./parts";
import { type Context, lineName } from "./view";

const STEP = 30;

interface Row {
  readonly line: Line;
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly chip: LevelChip;
  readonly note: HTMLElement;
}

/** Worst sign first, then by name. */
export function worstFirst(context: Context, lines: readonly Line[]): Line[] {
  const { world, language } = context;
  const collator = new Intl.Collator(language, { numeric: true });
  const keyed = lines.map((line) => {
    const indicator = MAIN_SIGN[line.family];
    const worse = higherIsWorse(world.indicators.get(indicator));
    const bad = badness(world.sign(line.code, indicator), worse);
    return { line, bad, name: lineName(context, line.code) };
  });
  keyed.sort((a, b) => worseFirst(a.bad, b.bad) || collator.compare(a.name, b.name));
  return keyed.map(({ line }) => line);
}

/** A table of lines; `update` when signs moved. */
export class LineList {
  readonly root = h("div", { class: "line-list" });
  private readonly body = h("tbody");
  private readonly more = button("", () => this.showMore(), { class: "more" });
  private rows = new Map<string, Row>();
  private shown = STEP;

  /**
   * @param lines those to list
   * @param note what else to say of one, e.g. its worst part; empty for nothing
   */
  constructor(
    private readonly context: Context,
    caption: string,
    private readonly lines: readonly Line[],
    private readonly note: (line: Line) => string = () => "",
  ) {
    this.root.append(
      h("table", { class: "districts lines" }, h("caption", {}, caption), this.body),
      this.more,
    );
    this.update();
  }

  update(): void {
    const ordered = worstFirst(this.context, this.lines).slice(0, this.shown);
    const rows = ordered.map((line) => this.rows.get(line.code) ?? this.row(line));
    for (const [code, row] of this.rows) {
      if (!ordered.some((line) => line.code === code)) row.root.remove();
    }
    this.rows = new Map(rows.map((row) => [row.line.code, row]));
    arrange(
      this.body,
      rows.map((row) => row.root),
    );
    for (const row of rows) this.fill(row);
    const rest = Math.min(STEP, this.lines.length - this.shown);
    this.more.hidden = rest <= 0;
    setText(this.more, this.context.s.showMore(rest));
  }

  private showMore(): void {
    const first = this.shown;
    this.shown += STEP;
    this.update();
    this.body.querySelectorAll<HTMLButtonElement>("button")[first]?.focus();
  }

  private row(line: Line): Row {
    const { go } = this.context;
    const name = lineName(this.context, line.code);
    const choose = button(name, () => go({ at: line.code, metric: null }), { class: "link" });
    const value = h("span", { class: "value" });
    const chip = new LevelChip(this.context, MAIN_SIGN[line.family]);
    const note = h("div", { class: "hint" });
    const root = h(
      "tr",
      { "data-line": line.code },
      h("th", { scope: "row" }, choose, note),
      h("td", {}, h("div", { class: "sign-cell" }, chip.root, value)),
    );
    return { line, root, value, chip, note };
  }

  private fill(row: Row): void {
    const indicator = MAIN_SIGN[row.line.family];
    const sign = this.context.world.sign(row.line.code, indicator);
    setText(row.value, figureText(this.context, indicator, sign));
    row.chip.show(sign);
    setText(row.note, this.note(row.line));
  }
}
