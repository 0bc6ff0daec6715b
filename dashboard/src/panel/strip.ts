/** A tunnel at a glance: a row per medium, a cell per compartment, higher and coloured by level. */

import { button, h, setAttribute } from "../dom";
import { type Line, MAIN_SIGN, rowsOf } from "../lines";
import { colourOf, rankOf } from "../signs";
import { signLevelText } from "./parts";
import { type Context, lineName } from "./view";

/** The strip; `update` when signs moved. Its cells are also in the list below it, by name. */
export class Strip {
  readonly root = h("div", { class: "strip" });
  private readonly cells: (readonly [Line, HTMLElement])[] = [];

  constructor(
    private readonly context: Context,
    links: readonly Line[],
  ) {
    const { s } = context;
    for (const [medium, row] of rowsOf(links)) {
      const cells = h("div", { class: "cells", "aria-hidden": "true" });
      for (const line of row) cells.append(this.cell(line));
      this.root.append(h("span", { class: "hint" }, medium ? s.media[medium] : ""), cells);
    }
    this.update();
  }

  update(): void {
    const { world } = this.context;
    for (const [line, cell] of this.cells) {
      const indicator = MAIN_SIGN[line.family];
      const spec = world.indicators.get(indicator);
      const sign = world.sign(line.code, indicator);
      const rank = rankOf(spec, sign);
      setAttribute(cell, "data-rank", String(Math.round(rank)));
      const colour = colourOf(spec, sign) ?? "";
      if (cell.dataset["colour"] !== colour) {
        cell.dataset["colour"] = colour;
        cell.style.setProperty("--level", colour || "var(--control)");
      }
      const title = `${lineName(this.context, line.code)}: ${signLevelText(this.context, indicator, sign)}`;
      setAttribute(cell, "title", title);
    }
  }

  private cell(line: Line): HTMLElement {
    const choose = () => this.context.go({ at: line.code, metric: null });
    const cell = button("", choose, { tabindex: -1 });
    this.cells.push([line, cell]);
    return cell;
  }
}
