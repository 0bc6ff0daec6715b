/** A sign's history as columns for a step chart. Pure. */

import type { Sign } from "./contract";

/** Times in seconds, and values; null where no value was published. */
export type Steps = [at: number[], value: (number | null)[]];

/**
 * The history holds a row per change: each value holds until the next row, the last until now.
 *
 * @param signs of one area and indicator, in order of time
 */
export function stepsOf(signs: readonly Sign[], nowS: number): Steps {
  const at: number[] = [];
  const values: (number | null)[] = [];
  for (const sign of signs) {
    if (sign.ts === null) continue;
    at.push(Date.parse(sign.ts) / 1000);
    values.push(sign.status === "ok" ? sign.value : null);
  }
  const last = at[at.length - 1];
  if (last !== undefined && nowS > last) {
    at.push(nowS);
    values.push(values[values.length - 1] ?? null);
  }
  return [at, values];
}
