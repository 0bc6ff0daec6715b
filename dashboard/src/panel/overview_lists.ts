/** What the overview lists beside districts: roads, or tunnels with their worst compartments. */

import { h } from "../dom";
import { type Family, type Line, MAIN_SIGN } from "../lines";
import { LineList, worstFirst } from "./line_list";
import { signText } from "./parts";
import { type Context, lineName } from "./view";

/** The routes of a family, the worst first; of tunnels also all compartments. */
export class RouteLists {
  readonly root = h("section", { class: "routes" });
  private readonly lists: readonly LineList[];

  constructor(
    private readonly context: Context,
    private readonly family: Family,
  ) {
    const { s } = context;
    const lines = [...context.world.lines.values()].filter((line) => line.family === family);
    const routes = lines.filter((line) => line.kind === "route");
    const links = lines.filter((line) => line.kind === "link");
    const title = family === "road" ? s.lists.roads : s.lists.tunnels;
    const part = family === "road" ? s.segments : s.compartments;
    const note = (route: Line) => this.worstOf(route);
    this.lists = [
      ...(routes.length ? [new LineList(context, `${title} · ${s.worstFirst}`, routes, note)] : []),
      ...(links.length ? [new LineList(context, `${part} · ${s.worstFirst}`, links)] : []),
    ];
    if (!lines.length) this.root.append(h("p", { class: "empty" }, s.noRoutes));
    this.root.append(...this.lists.map((list) => list.root));
  }

  update(): void {
    for (const list of this.lists) list.update();
  }

  private worstOf(route: Line): string {
    const { context } = this;
    const [worst] = worstFirst(context, context.world.linksOf(route.code));
    const indicator = MAIN_SIGN[this.family];
    const sign = worst && context.world.sign(worst.code, indicator);
    if (!worst || sign?.status !== "ok") return "";
    return context.s.worstLink(lineName(context, worst.code), signText(context, indicator, sign));
  }
}
