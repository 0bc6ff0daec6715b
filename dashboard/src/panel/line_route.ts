/** A road or a tunnel: its own signs, then its links or compartments, the worst first. */

import { isLive } from "../devices";
import { button, h, setText } from "../dom";
import type { Line } from "../lines";
import type { Change } from "../world";
import { LineList } from "./line_list";
import { codeLink } from "./parts";
import { SignCard } from "./sign_card";
import { Strip } from "./strip";
import { type Context, crumb, lineName, type View } from "./view";

/** A route is selected. */
export class LineRouteView implements View {
  readonly root: HTMLElement;
  private readonly cards: readonly SignCard[];
  private readonly links: readonly Line[];
  private readonly strip: Strip | null;
  private readonly list: LineList;
  private readonly count = h("span", { class: "hint" });

  constructor(
    private readonly context: Context,
    private readonly line: Line,
  ) {
    const { s, world } = context;
    const isTunnel = line.family === "tunnel";
    this.links = world.linksOf(line.code);
    this.cards = world
      .indicatorsOf([line.code])
      .map((indicator) => new SignCard(context, line.code, indicator));
    this.strip = isTunnel ? new Strip(context, this.links) : null;
    const what = isTunnel ? s.compartments : s.segments;
    this.list = new LineList(context, `${what} · ${s.worstFirst}`, this.links);
    this.root = h(
      "section",
      { class: "view route", "data-line": line.code },
      h("nav", { class: "crumbs" }, crumb(context, null, s.backToCity)),
      h("h2", { tabindex: -1 }, lineName(context, line.code)),
      h(
        "p",
        { class: "under" },
        codeLink(line.code, s),
        this.count,
        button(s.zoomTo, () => context.locate(line.code), { class: "link" }),
      ),
      ...this.cards.map((card) => card.root),
      ...(this.strip ? [this.strip.root] : []),
      this.list.root,
    );
    this.update(null);
  }

  update(change: Change | null): void {
    if (change && !change.signs) return;
    const { world, s } = this.context;
    if (world.indicatorsOf([this.line.code]).length !== this.cards.length) {
      this.context.renew();
      return;
    }
    for (const card of this.cards) {
      card.update();
      if (!change) card.tick();
    }
    const devices = this.links.flatMap((link) => world.devicesOn(link.code));
    const live = devices.filter((device) => isLive(device.state)).length;
    setText(this.count, `${live}/${devices.length} ${s.devicesLive}`);
    if (!change) return;
    this.strip?.update();
    this.list.update();
  }

  destroy(): void {
    for (const card of this.cards) card.destroy();
  }
}
