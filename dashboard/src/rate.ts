/** Readings per minute over the last minute, from counts per second. Pure. */

const WINDOW_S = 60;
const SETTLE_S = 5;

/** Counts events in a sliding minute; says nothing until it has watched long enough. */
export class Rate {
  private readonly counts = new Array<number>(WINDOW_S).fill(0);
  private second: number;
  private readonly startedS: number;

  constructor(nowMs: number) {
    this.second = Math.floor(nowMs / 1000);
    this.startedS = this.second;
  }

  add(count: number, nowMs: number): void {
    this.advance(nowMs);
    const slot = this.second % WINDOW_S;
    this.counts[slot] = (this.counts[slot] ?? 0) + count;
  }

  /** Events per minute; null in the first seconds, when any figure would be a guess. */
  perMinute(nowMs: number): number | null {
    this.advance(nowMs);
    const watched = this.watchedS(nowMs);
    if (watched < SETTLE_S) return null;
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    return Math.round((total * WINDOW_S) / watched);
  }

  /** Seconds that the figure is of: those watched, a minute at most. */
  watchedS(nowMs: number): number {
    this.advance(nowMs);
    return Math.min(WINDOW_S, this.second - this.startedS);
  }

  private advance(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    const from = Math.max(this.second + 1, now - WINDOW_S + 1);
    for (let second = from; second <= now; second += 1) this.counts[second % WINDOW_S] = 0;
    this.second = Math.max(this.second, now);
  }
}
