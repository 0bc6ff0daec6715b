/** The live stream: one EventSource, its state told honestly, and a call whenever it was lost. */

import type { LiveReading, Sign } from "./contract";

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "open"; readonly lastEventMs: number }
  | { readonly kind: "lost"; readonly sinceMs: number };

export interface StreamEvents {
  readings(readings: readonly LiveReading[]): void;
  signs(signs: readonly Sign[]): void;
  connection(connection: Connection): void;
  /** The stream is open again after a loss: what came between may be missing. */
  resumed(): void;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 15_000;

/** A connection that looks open but is not says nothing; after this long it is opened anew. */
const SILENCE_MS = 90_000;

/** The live stream of readings and signs. `start` opens it, `stop` ends it for good. */
export class Stream {
  private source: EventSource | null = null;
  private lostSinceMs: number | null = null;
  private lastEventMs = 0;
  private retryMs = RETRY_FIRST_MS;
  private retryTimer: number | undefined;
  private watchdog: number | undefined;

  constructor(
    private readonly path: string,
    private readonly events: StreamEvents,
  ) {}

  start(): void {
    this.events.connection({ kind: "connecting" });
    this.open();
    this.watchdog = window.setInterval(() => this.reopenIfSilent(), SILENCE_MS / 3);
  }

  stop(): void {
    this.source?.close();
    window.clearTimeout(this.retryTimer);
    window.clearInterval(this.watchdog);
  }

  private open(): void {
    this.source?.close();
    const source = new EventSource(this.path);
    this.source = source;
    this.lastEventMs = Date.now();
    source.onopen = () => this.opened();
    source.onerror = () => this.lost();
    source.addEventListener("readings", (event) => {
      this.took();
      this.events.readings((JSON.parse(event.data) as { readings: LiveReading[] }).readings);
    });
    // So much was missed that the server does not send it again.
    source.addEventListener("gap", () => this.events.resumed());
    source.addEventListener("signs", (event) => {
      this.took();
      this.events.signs((JSON.parse(event.data) as { items: Sign[] }).items);
    });
  }

  private opened(): void {
    const wasLost = this.lostSinceMs !== null;
    this.lostSinceMs = null;
    this.retryMs = RETRY_FIRST_MS;
    this.took();
    if (wasLost) this.events.resumed();
  }

  private took(): void {
    this.lastEventMs = Date.now();
    this.events.connection({ kind: "open", lastEventMs: this.lastEventMs });
  }

  private lost(): void {
    this.lostSinceMs ??= Date.now();
    this.events.connection({ kind: "lost", sinceMs: this.lostSinceMs });
    // The browser retries a broken connection by itself, but gives up on an error status.
    if (this.source?.readyState !== EventSource.CLOSED) return;
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => this.open(), this.retryMs * (0.5 + Math.random()));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_LONGEST_MS);
  }

  private reopenIfSilent(): void {
    if (this.lostSinceMs !== null || Date.now() - this.lastEventMs < SILENCE_MS) return;
    this.lostSinceMs = this.lastEventMs;
    this.open();
  }
}
