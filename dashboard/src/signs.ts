/** Signs and their levels: look-up and order. Pure. */

import type { Indicator, Level, Sign } from "./contract";

/** The level entry of an indicator, or undefined where the sign has none. */
export function levelOf(indicator: Indicator | undefined, sign: Sign): Level | undefined {
  if (sign.level === null) return undefined;
  return indicator?.levels.find((level) => level.level === sign.level);
}

/** The colour to draw a sign in; null where there is no value that holds now. */
export function colourOf(indicator: Indicator | undefined, sign: Sign | undefined): string | null {
  if (sign?.status !== "ok" || sign.value === null) return null;
  return sign.colour ?? levelOf(indicator, sign)?.colour ?? null;
}

/** How bad a sign is, for sorting: levels count from the best; what is unknown comes last. */
export function badness(sign: Sign | undefined, higherIsWorse: boolean): number {
  if (sign?.status !== "ok" || sign.value === null) return Number.NEGATIVE_INFINITY;
  const within = higherIsWorse ? sign.value : -sign.value;
  return (sign.level ?? 0) * 1e6 + within;
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

/** The key under which a sign is kept: one current sign per area and indicator. */
export function signKey(area: string, indicator: string): string {
  return `${area} ${indicator}`;
}
