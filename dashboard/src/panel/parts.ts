/** Small pieces several panels share: level chips, state marks, code links, problems. */

import { Problem } from "../api";
import type { Sign } from "../contract";
import { type Device, flagged } from "../devices";
import { button, h, setAttribute, setText } from "../dom";
import { numberText, printedCode, unitText } from "../format";
import { nameIn, type Strings } from "../i18n";
import { shapeOf, symbolCanvas } from "../map/symbols";
import { colourOf, isOrdinal, levelOf, resolutionOf } from "../signs";
import type { Context } from "./view";

/** A code in printed form that leads to its page. */
export function codeLink(code: string, s: Strings): HTMLAnchorElement {
  const link = h("a", { href: `/c/${code}`, class: "code", title: s.openCode }, printedCode(code));
  return link;
}

/** The words of a problem: the server's own where it gave any. */
export function problemText(problem: Problem, s: Strings): string {
  if (problem.kind === "network") return s.problem.network;
  if (problem.kind === "unreadable") return s.problem.unreadable;
  return problem.detail ? `${problem.title}: ${problem.detail}` : problem.title;
}

/** What could not be loaded, why, and a button to try again. */
export function problemBox(
  what: string,
  problem: Problem,
  s: Strings,
  retry: () => void,
): HTMLElement {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, s.failedToLoad(what))),
    h("p", {}, problemText(problem, s)),
    button(s.retry, retry, { "data-focus": "retry" }),
  );
}

/** A sign's value and unit; the status where there is no value that holds now. */
export function signValueText(context: Context, indicator: string, sign: Sign | undefined): string {
  if (!sign) return "—";
  if (sign.value === null) return context.s.statuses[sign.status];
  const spec = context.world.indicators.get(indicator);
  if (isOrdinal(spec)) return signLevelText(context, indicator, sign);
  const text = numberText(sign.value, resolutionOf(spec), context.language);
  return `${text}${spaced(unitText(spec?.unit ?? "1"))}`;
}

/** The value where there is one that says more than its level's name; else nothing. */
export function figureText(context: Context, indicator: string, sign: Sign | undefined): string {
  const hasValue = sign?.status === "ok" && sign.value !== null;
  if (!hasValue || isOrdinal(context.world.indicators.get(indicator))) return "";
  return signValueText(context, indicator, sign);
}

/** Value and level in one line. */
export function signText(context: Context, indicator: string, sign: Sign | undefined): string {
  const figure = figureText(context, indicator, sign);
  const level = signLevelText(context, indicator, sign);
  return figure ? `${figure} ${level}` : level;
}

/** A unit with the space before it that it wants: none for % and °. */
export function spaced(unit: string): string {
  return unit === "" || unit.startsWith("%") || unit === "°" ? unit : `\u00a0${unit}`;
}

/** The level's name, or why there is none. */
export function signLevelText(context: Context, indicator: string, sign: Sign | undefined): string {
  if (!sign) return context.s.noSign;
  if (sign.status !== "ok") {
    return nameIn(sign.label, context.language, sign.reason ?? context.s.statuses[sign.status]);
  }
  const level = levelOf(context.world.indicators.get(indicator), sign);
  return nameIn(sign.label ?? level?.label, context.language, "");
}

/** A swatch and a level's name, kept current by `show`. */
export class LevelChip {
  private readonly swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  private readonly label = h("span");
  readonly root = h("span", { class: "level" }, this.swatch, this.label);

  constructor(
    private readonly context: Context,
    private readonly indicator: string,
  ) {}

  show(sign: Sign | undefined): void {
    const spec = this.context.world.indicators.get(this.indicator);
    const colour = colourOf(spec, sign);
    setAttribute(this.swatch, "class", colour ? "swatch" : "swatch none");
    if (this.swatch.style.backgroundColor !== colour)
      this.swatch.style.backgroundColor = colour ?? "";
    const level = signLevelText(this.context, this.indicator, sign);
    const isIndicative = sign?.status === "ok" && sign.detail?.["basis"] === "indicative";
    setText(this.label, isIndicative ? `${level} · ${this.context.s.indicative}` : level);
  }
}

/** A device's state in words, and how many of its sensors failed or are suspect. */
export function stateText(device: Device, s: Strings): string {
  const failed = flagged(device, device.state, "fail");
  const suspect = flagged(device, device.state, "suspect");
  return [
    s.deviceStates[device.state],
    ...(failed ? [s.failedSensors(failed)] : []),
    ...(suspect ? [s.suspectSensors(suspect)] : []),
  ].join(", ");
}

/** A device's symbol and its state in words. */
export class StateMark {
  private shown = "";
  readonly root = h("span", { class: "state" });

  constructor(private readonly context: Context) {}

  show(device: Device): void {
    const text = stateText(device, this.context.s);
    if (text === this.shown) return;
    this.shown = text;
    this.root.replaceChildren(
      symbolCanvas(shapeOf(device.profile), device.state, this.context.palette, device.flag),
      text,
    );
  }
}

/** Rethrows what is not a `Problem`: aborted requests are nobody's business, bugs are ours. */
export function asProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === "AbortError") return null;
  throw error;
}
