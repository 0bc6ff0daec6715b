/** How a district's sign went over the last day: steps from one value to the next, gaps open. */

import uPlot from "uplot";
import * as api from "../api";
import type { Indicator, Sign } from "../contract";
import { h, setText } from "../dom";
import { numberText } from "../format";
import { nameIn } from "../i18n";
import { stepsOf } from "../sign_steps";
import { isOrdinal, resolutionOf } from "../signs";
import { axisStyle, timeTicks } from "./axes";
import { asProblem, problemText } from "./parts";
import type { Context } from "./view";

const WINDOW_S = 86_400;
const HEIGHT = 108;
const REFETCH_AT_LEAST_MS = 30_000;
const REFETCH_AT_MOST_MS = 300_000;

/** The trend of one indicator of one area. `tick` once a second. */
export class Trend {
  readonly root = h("figure", { class: "trend" });
  private readonly plotBox = h("div");
  private readonly caption = h("figcaption", { class: "hint" });
  private readonly abort = new AbortController();
  private readonly resizer = new ResizeObserver(() => this.resize());
  private plot: uPlot | null = null;
  private fetchedMs = 0;
  private newest = "";

  constructor(
    private readonly context: Context,
    private readonly of: string,
    private readonly indicator: string,
  ) {
    this.root.append(this.plotBox, this.caption);
    this.resizer.observe(this.root);
    void this.fetch();
  }

  /** Asks anew when the sign is another one, or after a while. */
  tick(sign: Sign | undefined): void {
    const sinceMs = Date.now() - this.fetchedMs;
    const isNew = `${sign?.value} ${sign?.status}` !== this.newest;
    if (sinceMs > REFETCH_AT_MOST_MS || (isNew && sinceMs > REFETCH_AT_LEAST_MS)) void this.fetch();
  }

  destroy(): void {
    this.abort.abort();
    this.resizer.disconnect();
    this.plot?.destroy();
  }

  private async fetch(): Promise<void> {
    this.fetchedMs = Date.now();
    const fromMs = api.serverNow() - WINDOW_S * 1000;
    try {
      this.show(await api.signHistory(this.of, this.indicator, fromMs, this.abort.signal));
    } catch (error) {
      const problem = asProblem(error);
      if (problem) setText(this.caption, problemText(problem, this.context.s));
    }
  }

  private show(signs: readonly Sign[]): void {
    const last = signs[signs.length - 1];
    this.newest = `${last?.value} ${last?.status}`;
    const data = stepsOf(signs, api.serverNow() / 1000);
    const values = data[1].filter((value) => value !== null);
    const { s } = this.context;
    const text = (value: number) => this.text(value);
    const summary = values.length
      ? s.trend(text(Math.min(...values)), text(Math.max(...values)))
      : s.trendEmpty;
    setText(this.caption, summary);
    if (!values.length) return;
    if (this.plot) this.plot.setData(data);
    else this.plot = new uPlot(this.options(), data, this.plotBox);
  }

  private get spec(): Indicator | undefined {
    return this.context.world.indicators.get(this.indicator);
  }

  private levels(): number[] {
    return (this.spec?.levels ?? []).map((level) => level.level);
  }

  private span(low: number, high: number): [number, number] {
    if (!isOrdinal(this.spec))
      return [low - resolutionOf(this.spec), high + resolutionOf(this.spec)];
    const levels = this.levels();
    return [Math.min(...levels) - 0.5, Math.max(...levels) + 0.5];
  }

  /** A value as it is read: of what has names only, the name. */
  private text(value: number): string {
    const { language } = this.context;
    const number = numberText(value, resolutionOf(this.spec), language);
    if (!isOrdinal(this.spec)) return number;
    const level = this.spec?.levels.find((each) => each.level === value);
    return nameIn(level?.label, language, number);
  }

  private resize(): void {
    const width = this.root.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: HEIGHT });
    }
  }

  private options(): uPlot.Options {
    const { palette, language } = this.context;
    const axis = axisStyle(palette);
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const nowS = () => api.serverNow() / 1000;
    return {
      width: Math.max(200, this.root.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range: () => [nowS() - WINDOW_S, nowS()] },
        y: { range: (_plot, low, high) => this.span(low, high) },
      },
      axes: [
        {
          ...axis,
          size: 34,
          values: (_plot, ticks, _axis, _space, step) => timeTicks(ticks, step, language),
        },
        {
          ...axis,
          size: isOrdinal(this.spec) ? 100 : 48,
          ...(isOrdinal(this.spec) ? { splits: () => this.levels() } : {}),
          values: (_plot, ticks) => ticks.map((tick) => this.text(tick)),
        },
      ],
      series: [
        {},
        {
          stroke: palette.line,
          width: 2,
          points: { show: false },
          ...(stepped ? { paths: stepped } : {}),
        },
      ],
    };
  }
}
