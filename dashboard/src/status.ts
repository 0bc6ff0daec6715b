/** The connection's state in words: never silent about old data. */

import { serverNow } from "./api";
import { h, setAttribute, setText } from "./dom";
import { ageText, clockText } from "./format";
import type { Language, Strings } from "./i18n";
import type { World } from "./world";

/** An open stream that brings nothing for this long is not called live. */
const QUIET_AFTER_MS = 20_000;

/** The chip in the header. `tick` once a second. */
export class StatusChip {
  private readonly state = h("span", { class: "connection", role: "status" });
  private readonly age = h("span", { class: "data-age" });
  readonly root = h("div", { class: "status" }, this.state, this.age);

  constructor(
    private readonly world: World,
    private readonly s: Strings,
    private readonly language: Language,
  ) {
    this.tick();
  }

  tick(): void {
    const [kind, text] = this.connection();
    setAttribute(this.state, "data-connection", kind);
    setText(this.state, text);
    const { newestMs } = this.world;
    const { s } = this;
    const age = newestMs === null ? null : (serverNow() - newestMs) / 1000;
    setText(this.age, age === null ? s.dataNone : s.dataAge(ageText(age, s)));
  }

  private connection(): ["connecting" | "live" | "quiet" | "lost", string] {
    const { connection } = this.world;
    const { s } = this;
    const now = Date.now();
    if (connection.kind === "connecting") return ["connecting", s.connection.connecting];
    if (connection.kind === "lost") {
      const since = clockText(new Date(connection.sinceMs), new Date(now), this.language);
      return ["lost", s.connection.reconnecting(since)];
    }
    const silentMs = now - connection.lastEventMs;
    if (silentMs < QUIET_AFTER_MS) return ["live", s.connection.live];
    // In steps, so that a screen reader is not told every second.
    const steps = Math.floor(silentMs / 10_000) * 10;
    return ["quiet", s.connection.quiet(ageText(steps, s))];
  }
}
