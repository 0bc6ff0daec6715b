/** A metric's history as columns for the chart: gaps kept as gaps, live values at the end. Pure. */

import type { Telemetry } from "./contract";

/** Columns of equal length, times in seconds; null where there is a gap. */
export type Columns = [
  at: number[],
  low: (number | null)[],
  high: (number | null)[],
  value: (number | null)[],
];

/** Two points further apart than this many steps are not joined. */
const GAP_STEPS = 2.5;

/** The history of one metric of one device over a moving window. */
export class History {
  private readonly columns: Columns = [[], [], [], []];

  /**
   * @param stepS nominal seconds between two points: the bucket, or the device's interval
   * @param windowS how far back from the newest instant the window reaches
   * @param hasBand whether the lowest and highest reading of a point mean something beside it
   */
  constructor(
    private readonly stepS: number,
    private readonly windowS: number,
    private readonly hasBand: boolean,
  ) {}

  /** The columns as they are now; do not change them. */
  get data(): Columns {
    return this.columns;
  }

  /** The time of the last real point, in seconds; -Infinity when there is none. */
  get lastS(): number {
    const [at, , , value] = this.columns;
    for (let i = at.length - 1; i >= 0; i -= 1) {
      if (value[i] !== null) return at[i] ?? Number.NEGATIVE_INFINITY;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** Takes in an answer's points, in order of time. */
  load(answer: Telemetry): void {
    for (const point of answer.points) {
      const [low, high] = this.hasBand ? [point.min ?? null, point.max ?? null] : [null, null];
      this.push(Date.parse(point.ts) / 1000, low, high, point.value);
    }
  }

  /** A live value; ignored unless it is newer than what is there. Returns whether it was taken. */
  append(atS: number, value: number): boolean {
    if (!(atS > this.lastS)) return false;
    this.push(atS, value, value, value);
    return true;
  }

  /** Forgets what has left the window that ends at this instant. */
  trim(nowS: number): void {
    const [at] = this.columns;
    const from = nowS - this.windowS - this.stepS;
    let gone = 0;
    while (gone < at.length && (at[gone] ?? 0) < from) gone += 1;
    if (gone) for (const column of this.columns) column.splice(0, gone);
  }

  /** Lowest, highest and newest value in the window; null for none. */
  summary(): { low: number; high: number; last: number } | null {
    const [, lows, highs, values] = this.columns;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let last: number | null = null;
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i] ?? null;
      if (value === null) continue;
      low = Math.min(low, lows[i] ?? value);
      high = Math.max(high, highs[i] ?? value);
      last = value;
    }
    return last === null ? null : { low, high, last };
  }

  private push(atS: number, low: number | null, high: number | null, value: number | null): void {
    const [at, lows, highs, values] = this.columns;
    const before = at[at.length - 1];
    if (before !== undefined && atS - before > GAP_STEPS * this.stepS) {
      at.push(before + this.stepS);
      lows.push(null);
      highs.push(null);
      values.push(null);
    }
    at.push(atS);
    lows.push(value === null ? null : (low ?? value));
    highs.push(value === null ? null : (high ?? value));
    values.push(value);
  }
}

/** Whether a live value means the same as a point of the history. */
export function takesLive(aggregation: string, bucketS: number | null): boolean {
  return bucketS === null || !isAddedUp(aggregation);
}

/** Whether a bucket's value is a total, so that single readings do not compare with it. */
export function isAddedUp(aggregation: string): boolean {
  return aggregation === "counter_difference" || aggregation === "sum";
}
