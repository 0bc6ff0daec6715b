/** One sign of one thing: value, level, coverage, what it was made of, norm, course over a day. */

import { serverNow } from "../api";
import type { Sign } from "../contract";
import { h, setAttribute, setText } from "../dom";
import { ageText, clockText, hourText, percentText } from "../format";
import { nameIn } from "../i18n";
import { isOrdinal } from "../signs";
import { LevelChip, signValueText } from "./parts";
import { detailFacts } from "./sign_detail";
import { Trend } from "./trend";
import type { Context } from "./view";

/** A card that `update` keeps current, and `tick` once a second. */
export class SignCard {
  readonly root: HTMLElement;
  private readonly value = h("span", { class: "big" });
  private readonly chip: LevelChip;
  private readonly trend: Trend;
  private readonly facts = h("dl", { class: "facts" });

  constructor(
    private readonly context: Context,
    private readonly of: string,
    private readonly indicator: string,
  ) {
    const spec = context.world.indicators.get(indicator);
    this.chip = new LevelChip(context, indicator);
    this.trend = new Trend(context, of, indicator);
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
    this.trend.tick(this.context.world.sign(this.of, this.indicator));
  }

  destroy(): void {
    this.trend.destroy();
  }

  update(): void {
    const sign = this.context.world.sign(this.of, this.indicator);
    const isWord = isOrdinal(this.context.world.indicators.get(this.indicator));
    const hasFigure = sign?.status === "ok" && !isWord;
    setText(this.value, hasFigure ? signValueText(this.context, this.indicator, sign) : "");
    setAttribute(this.chip.root, "class", hasFigure ? "level" : "level big-level");
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
    const hour = sign?.detail?.["hour"];
    if (typeof hour === "string") {
      facts.push([s.ofHour, hourText(new Date(hour), new Date(), language)]);
    }
    if (sign?.ts) {
      const at = new Date(sign.ts);
      const age = ageText((serverNow() - at.getTime()) / 1000, s);
      facts.push([s.asOf, `${clockText(at, new Date(), language)} (${age})`]);
    }
    if (sign && sign.coverage !== null) {
      facts.push([s.coverage, percentText(sign.coverage, language)]);
    }
    if (sign?.detail) facts.push(...detailFacts(this.context, this.indicator, sign.detail));
    const norm = [sign?.norm ?? spec?.norm, spec?.clause].filter(Boolean).join(", ");
    if (norm) facts.push([s.norm, norm]);
    return facts;
  }
}
