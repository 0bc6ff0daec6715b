/** One district: its signs with value, level, coverage, reason and norm, and its devices. */

import { button, h } from "../dom";
import type { Change } from "../world";
import { DeviceGroups } from "./device_groups";
import { codeLink } from "./parts";
import { SignCard } from "./sign_card";
import { areaName, type Context, crumb, type View } from "./view";

/** A district is selected. */
export class District implements View {
  readonly root = h("section", { class: "view district" });
  private readonly cards: readonly SignCard[];
  private readonly groups: DeviceGroups;

  constructor(
    private readonly context: Context,
    private readonly code: string,
  ) {
    const { s, world } = context;
    const indicators = world.indicatorsOf([code]);
    this.cards = indicators.map((name) => new SignCard(context, code, name));
    this.groups = new DeviceGroups(context, () => world.devicesIn(code));
    this.root.append(
      h("nav", { class: "crumbs" }, crumb(context, null, s.backToCity)),
      h("h2", { tabindex: -1 }, areaName(context, code)),
      h(
        "p",
        { class: "under" },
        codeLink(code, s),
        button(s.zoomTo, () => context.locate(code), { class: "link" }),
      ),
      ...this.cards.map((card) => card.root),
      this.groups.root,
    );
    this.update(null);
  }

  update(change: Change | null): void {
    if (change?.everything) this.groups.replace();
    if (change && !change.signs) return;
    if (this.context.world.indicatorsOf([this.code]).length !== this.cards.length) {
      this.context.renew();
      return;
    }
    for (const card of this.cards) {
      card.update();
      if (!change) card.tick();
    }
    this.groups.tick();
  }

  destroy(): void {
    for (const card of this.cards) card.destroy();
  }
}
