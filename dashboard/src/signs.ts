/** Signs and their levels: look-up and order. Pure. */

import type { Indicator, Level, Sign } from "./contract";

/** The level entry of an indicator, or undefined where the sign has none. */
export function levelOf(indicator: Indicator | undefined, sign: Sign): Level | undefined {
  if (sign.level === null) return undefined;
  return indicator?.levels.find((level) => level.level === sign.level);
}

/** The colour to draw a sign in; null where there is no value that holds now. */
export function colourOf(indicator: Indicator | undefined, sign: Sign | undefined): string | null {
  if (sign?.status !== "ok" || (sign.value === null && sign.level === null)) return null;
  return sign.colour ?? levelOf(indicator, sign)?.colour ?? null;
}

/** How bad a sign is, for sorting: levels count from the best; what is unknown comes last. */
export function badness(sign: Sign | undefined, higherIsWorse: boolean): number {
  if (sign?.status !== "ok" || (sign.value === null && sign.level === null)) {
    return Number.NEGATIVE_INFINITY;
  }
  const value = sign.value ?? 0;
  const within = higherIsWorse ? value : -value;
  return (sign.level ?? 0) * 1e6 + within;
}

/** The order of two badnesses, the worse first; two that are unknown are alike. */
export function worseFirst(a: number, b: number): number {
  return a === b ? 0 : b - a;
}

/** Whether larger values are worse, read off the levels' own limits. */
export function higherIsWorse(indicator: Indicator | undefined): boolean {
  const levels = indicator?.levels ?? [];
  const first = levels[0];
  const last = levels[levels.length - 1];
  const start = first?.low ?? first?.high;
  const end = last?.low ?? last?.high;
  if (start === null || start === undefined || end === null || end === undefined) return true;
  return first && last && first.level > last.level ? start > end : end >= start;
}

/** Whether the sign stands at a level that its indicator counts as an alarm. */
export function isAlarm(indicator: Indicator | undefined, sign: Sign | undefined): boolean {
  if (sign?.status !== "ok") return false;
  return levelOf(indicator, sign)?.is_alarm ?? false;
}

/** The level that one measurement behind a sign is at, as the server's detail tells it. */
export function tierOf(
  indicator: Indicator | undefined,
  sign: Sign | undefined,
  metric: string,
): Level | undefined {
  // Without a level of its own a compartment still tells the tiers of what is current.
  if (sign?.status !== "ok" && sign?.status !== "na") return undefined;
  const tiers = (sign.detail?.["tiers"] ?? {}) as Readonly<Record<string, unknown>>;
  const tier = tiers[metric];
  return indicator?.levels.find((level) => level.level === tier);
}

/** Whether values only number the levels, so that the level's name says it all. */
export function isOrdinal(indicator: Indicator | undefined): boolean {
  const levels = indicator?.levels ?? [];
  return levels.length > 1 && levels.every((each) => each.low === each.high && each.low !== null);
}

/** How finely values of an indicator are told: shares to a tenth, as are scales up to twenty. */
export function resolutionOf(indicator: Indicator | undefined): number {
  if (indicator?.unit === "%") return 0.1;
  const highest = Math.max(0, ...(indicator?.levels ?? []).map((level) => level.high ?? 0));
  return highest > 4 && highest <= 20 ? 0.1 : 1;
}

/** How a line is drawn: the worse, the wider; 1 for the best level, 0 for no value. */
export function rankOf(indicator: Indicator | undefined, sign: Sign | undefined): number {
  if (colourOf(indicator, sign) === null || sign === undefined) return 0;
  const levels = indicator?.levels ?? [];
  const place = levels.findIndex((level) => level.level === sign.level);
  return place < 0 ? 1 : 1 + (4 * place) / Math.max(4, levels.length - 1);
}

/** The key under which a sign is kept: one current sign per thing and indicator. */
export function signKey(of: string, indicator: string): string {
  return `${of} ${indicator}`;
}
