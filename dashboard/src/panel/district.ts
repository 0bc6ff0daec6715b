/** One district: its signs with value, level, coverage, reason and norm, and its devices. */

import { serverNow } from "../api";
import type { Sign } from "../contract";
import type { Device } from "../devices";
import { button, h, setText } from "../dom";
import { ageText, clockText, percentText } from "../format";
import { nameIn } from "../i18n";
import type { Change } from "../world";
import { DeviceList, sortDevices } from "./device_list";
import { codeLink, LevelChip, signValueText } from "./parts";
import { detailFacts } from "./sign_detail";
import { Trend } from "./trend";
import { areaName, type Context, type View } from "./view";

class SignCard {
  readonly root: HTMLElement;
  private readonly value = h("span", { class: "big" });
  private readonly chip: LevelChip;
  private readonly trend: Trend;
  private readonly facts = h("dl", { class: "facts" });

  constructor(
    private readonly context: Context,
    private readonly area: string,
    private readonly indicator: string,
  ) {
    const spec = context.world.indicators.get(indicator);
    this.chip = new LevelChip(context, indicator);
    this.trend = new Trend(context, area, indicator);
    this.root = h(
      "article",
      { class: "sign", "data-sign": indicator },
      h("h3", {}, nameIn(spec?.names, context.language, indicator)),
      h("p", { class: "headline" }, this.value, this.chip.root),
      this.facts,
      this.trend.root,
    );
  }

  tick(): void {
    this.trend.tick(this.context.world.sign(this.area, this.indicator));
  }

  destroy(): void {
    this.trend.destroy();
  }

  update(): void {
    const sign = this.context.world.sign(this.area, this.indicator);
    setText(this.value, signValueText(this.context, this.indicator, sign));
    this.chip.show(sign);
    const entries = this.factsOf(sign);
    const text = entries.map(([term, fact]) => `${term}\n${fact}`).join("\n");
    if (this.facts.dataset["text"] === text) return;
    this.facts.dataset["text"] = text;
    this.facts.replaceChildren(
      ...entries.flatMap(([term, fact]) => [h("dt", {}, term), h("dd", {}, fact)]),
    );
  }

  private factsOf(sign: Sign | undefined): [string, string][] {
    const { s, language, world } = this.context;
    const spec = world.indicators.get(this.indicator);
    const facts: [string, string][] = [];
    if (sign?.ts) {
      const at = new Date(sign.ts);
      const age = ageText((serverNow() - at.getTime()) / 1000, s);
      facts.push([s.asOf, `${clockText(at, new Date(), language)} (${age})`]);
    }
    if (sign && sign.coverage !== null) {
      facts.push([s.coverage, percentText(sign.coverage, language)]);
    }
    if (sign?.detail) facts.push(...detailFacts(this.context, sign.detail));
    const norm = [sign?.norm ?? spec?.norm, spec?.clause].filter(Boolean).join(", ");
    if (norm) facts.push([s.norm, norm]);
    return facts;
  }
}

/** A district is selected. */
export class District implements View {
  readonly root = h("section", { class: "view district" });
  private readonly cards: readonly SignCard[];
  private readonly list: DeviceList;
  private readonly count = h("span", { class: "hint" });

  constructor(
    private readonly context: Context,
    private readonly code: string,
  ) {
    const { s, world } = context;
    this.cards = [...world.indicators.keys()].map((name) => new SignCard(context, code, name));
    this.list = new DeviceList(context);
    this.root.append(
      h(
        "nav",
        { class: "crumbs" },
        button(`‹ ${s.backToCity}`, () => context.go({ at: null, metric: null }), {
          class: "link",
        }),
      ),
      h("h2", { tabindex: -1 }, areaName(context, code)),
      h(
        "p",
        { class: "under" },
        codeLink(code, s),
        button(s.zoomTo, () => context.locate(code), { class: "link" }),
      ),
      ...this.cards.map((card) => card.root),
      h("h3", {}, s.devices, " ", this.count),
      this.list.root,
    );
    this.list.show(this.sorted());
    this.update(null);
  }

  update(change: Change | null): void {
    if (change?.everything) this.list.replace(this.sorted());
    if (change && !change.signs) return;
    for (const card of this.cards) {
      card.update();
      if (!change) card.tick();
    }
    const devices = this.context.world.devicesIn(this.code);
    const live = devices.filter((d) => d.state !== "stale" && d.state !== "silent").length;
    setText(this.count, `${live}/${devices.length} ${this.context.s.live}`);
    this.list.tick();
  }

  destroy(): void {
    for (const card of this.cards) card.destroy();
  }

  private sorted(): Device[] {
    return sortDevices(this.context, this.context.world.devicesIn(this.code));
  }
}
