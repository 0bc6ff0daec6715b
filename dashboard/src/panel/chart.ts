/** The chart of one metric: history from the server, live values after it, gaps left open. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as api from "../api";
import type { LiveReading, MetricSpec, Telemetry } from "../contract";
import type { Device } from "../devices";
import { h, setText } from "../dom";
import { ageText, clockText, metricText, numberText, unitText, zoneText } from "../format";
import { History, isAddedUp, takesLive } from "../history";
import { nameIn } from "../i18n";
import { RANGES } from "../route";
import { axisStyle, timeTicks } from "./axes";
import { asProblem, problemBox, spaced } from "./parts";
import type { Context } from "./view";

const POINTS = 400;
const HEIGHT = 220;
/** With fewer values than this each is a dot, so that one alone is seen, too. */
const DOTS_BELOW = 60;
const REFETCH_RAW_S = 300;
const REFETCH_BUCKET_AT_LEAST_S = 30;

/** The chart of a device's metric over the route's range. */
export class Chart {
  readonly root = h("figure", { class: "chart" });
  private readonly plotBox = h("div", { class: "plot" });
  private readonly readout = h("p", { class: "readout", "aria-hidden": "true" });
  private readonly summary = h("figcaption");
  private readonly note = h("p", { class: "hint" });
  private readonly json: HTMLAnchorElement;
  private readonly abort = new AbortController();
  private readonly resizer = new ResizeObserver(() => this.resize());
  private readonly windowS: number;
  private readonly unwatch: () => void;
  private plot: uPlot | null = null;
  private history: History;
  private answer: Telemetry | null = null;
  private refetchAtS = Number.POSITIVE_INFINITY;
  private dirty = false;

  constructor(
    private readonly context: Context,
    private readonly device: Device,
    private readonly spec: MetricSpec,
  ) {
    this.windowS = RANGES[context.route.range];
    this.history = this.emptyHistory(null);
    this.json = h("a", { href: this.path(), class: "json" }, context.s.asJson);
    this.root.append(this.plotBox, this.readout, this.summary, this.note);
    this.resizer.observe(this.plotBox);
    this.unwatch = context.world.onReading((reading) => this.take(reading));
    void this.fetch();
  }

  /** The tick of a second: the window moves on, and the history is thinned anew when it is due. */
  tick(): void {
    const nowS = api.serverNow() / 1000;
    if (nowS >= this.refetchAtS) {
      this.refetchAtS = Number.POSITIVE_INFINITY;
      void this.fetch();
    }
    this.dirty = true;
    this.draw();
  }

  /** Draws what the stream brought since the last frame. */
  draw(): void {
    if (!this.dirty || !this.answer) return;
    this.dirty = false;
    this.history.trim(api.serverNow() / 1000);
    this.plot?.setData(this.history.data, true);
    this.describe();
  }

  /** After the stream was lost: what came between is in the store. */
  refetch(): void {
    void this.fetch();
  }

  destroy(): void {
    this.abort.abort();
    this.resizer.disconnect();
    this.unwatch();
    this.plot?.destroy();
  }

  private title(): string {
    return nameIn(this.spec.names, this.context.language, this.spec.name);
  }

  private path(): string {
    const fromMs = api.serverNow() - this.windowS * 1000;
    return api.telemetryPath(this.device.code, this.spec.name, fromMs, POINTS);
  }

  private emptyHistory(bucketS: number | null): History {
    const interval = this.context.world.profiles.get(this.device.profile)?.interval_s ?? 60;
    return new History(bucketS ?? interval, this.windowS, this.hasBand(bucketS));
  }

  /** A band makes sense around means, not around totals, directions or coded states. */
  private hasBand(bucketS: number | null): boolean {
    return (
      bucketS !== null && !isAddedUp(this.spec.aggregation) && !this.isCircular && !this.isCoded
    );
  }

  private get isCircular(): boolean {
    return this.spec.aggregation === "circular_mean";
  }

  private get isCoded(): boolean {
    return Object.keys(this.spec.states ?? {}).length > 0;
  }

  private get isSparse(): boolean {
    const values = this.history.data[3];
    return values.filter((value) => value !== null && value !== undefined).length < DOTS_BELOW;
  }

  private async fetch(): Promise<void> {
    if (!this.answer) this.say(h("p", { class: "loading" }, this.context.s.loading));
    try {
      const fromMs = api.serverNow() - this.windowS * 1000;
      const { code } = this.device;
      const signal = this.abort.signal;
      this.load(await api.telemetry(code, this.spec.name, fromMs, POINTS, signal));
    } catch (error) {
      const problem = asProblem(error);
      if (problem && !this.answer) this.fail(problem);
      else if (problem) this.refetchSoon(REFETCH_BUCKET_AT_LEAST_S);
    }
  }

  private load(answer: Telemetry): void {
    const first = !this.answer;
    this.answer = answer;
    this.history = this.emptyHistory(answer.bucket_s);
    this.history.load(answer);
    const due = answer.bucket_s ?? REFETCH_RAW_S;
    this.refetchSoon(Math.max(due, REFETCH_BUCKET_AT_LEAST_S));
    this.json.href = this.path();
    if (first) this.build();
    this.note.replaceChildren(this.explanation(), " · ", this.json);
    this.dirty = true;
    this.draw();
  }

  private refetchSoon(inS: number): void {
    this.refetchAtS = api.serverNow() / 1000 + inS;
  }

  private fail(problem: api.Problem): void {
    const { s } = this.context;
    this.say(problemBox(s.whatHistory, problem, s, () => void this.fetch()));
  }

  private say(node: Node): void {
    this.plot?.destroy();
    this.plot = null;
    this.plotBox.removeAttribute("role");
    this.plotBox.removeAttribute("aria-label");
    this.plotBox.replaceChildren(node);
  }

  private take(reading: LiveReading): void {
    const value = reading.m[this.spec.name];
    if (reading.code !== this.device.code || value === undefined || !this.answer) return;
    if (!takesLive(this.answer.aggregation, this.answer.bucket_s)) return;
    if (this.history.append(Date.parse(reading.ts) / 1000, value)) this.dirty = true;
  }

  private build(): void {
    this.plotBox.replaceChildren();
    this.plotBox.setAttribute("role", "img");
    this.plotBox.setAttribute("aria-label", this.context.s.chartOf(this.title()));
    this.plot = new uPlot(this.options(), this.history.data, this.plotBox);
  }

  private explanation(): string {
    const { s } = this.context;
    const bucket = this.answer?.bucket_s ?? null;
    const parts = [s.timesIn(zoneText(new Date()))];
    parts.push(bucket === null ? s.everyReading : s.bucket(ageText(bucket, s)));
    if (this.hasBand(bucket)) parts.push(s.band);
    if (bucket !== null && isAddedUp(this.spec.aggregation)) parts.push(s.total);
    return parts.join(" · ");
  }

  private text(value: number): string {
    return `${metricText(this.spec, value, this.context.language)}${spaced(unitText(this.spec.unit))}`;
  }

  private describe(): void {
    const { s } = this.context;
    const found = this.history.summary();
    const text = found
      ? s.rangeSummary(this.text(found.low), this.text(found.high), this.text(found.last))
      : s.chartEmpty;
    setText(this.summary, text);
  }

  private resize(): void {
    const width = this.plotBox.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: HEIGHT });
    }
  }

  private options(): uPlot.Options {
    const { palette, language } = this.context;
    const axis = axisStyle(palette);
    const { isCircular, isCoded } = this;
    const stepped = isCoded ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    return {
      width: Math.max(240, this.plotBox.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: () => this.window() },
        y: { range: (_plot, low, high) => this.span(low, high) },
      },
      axes: [
        { ...axis, values: (_plot, ticks, _a, _s, step) => timeTicks(ticks, step, language) },
        {
          ...axis,
          size: isCoded ? 84 : 58,
          ...(isCircular ? { splits: () => [0, 90, 180, 270, 360] } : {}),
          ...(isCoded ? { splits: () => Object.keys(this.spec.states ?? {}).map(Number) } : {}),
          label: unitText(this.spec.unit) || null,
          labelFont: "12px system-ui, sans-serif",
          labelSize: unitText(this.spec.unit) ? 18 : 0,
          values: (_plot, ticks) => this.valueTicks(ticks),
        } as uPlot.Axis,
      ],
      series: [
        {},
        { stroke: "transparent", points: { show: false } },
        { stroke: "transparent", points: { show: false } },
        {
          stroke: palette.line,
          width: 2,
          points: { show: () => isCircular || this.isSparse, size: 4, fill: palette.line },
          ...(isCircular ? { paths: () => null } : {}),
          ...(stepped ? { paths: stepped } : {}),
        },
      ],
      bands: isCircular || isCoded ? [] : [{ series: [2, 1], fill: palette.band }],
      hooks: { setCursor: [(plot) => this.point(plot)] },
    };
  }

  private window(): [number, number] {
    const nowS = api.serverNow() / 1000;
    return [nowS - this.windowS, nowS];
  }

  /** The value axis: room around the values, and never finer than the instrument resolves. */
  private span(low: number | null, high: number | null): [number, number] {
    if (this.isCircular) return [0, 360];
    if (this.isCoded) return [this.spec.low - 0.5, this.spec.high + 0.5];
    if (low === null || high === null) return [0, 1];
    const pad = Math.max((high - low) * 0.1, this.spec.resolution * 2);
    const floor = this.spec.low >= 0 && low >= 0 ? 0 : Number.NEGATIVE_INFINITY;
    return [Math.max(floor, low - pad), high + pad];
  }

  private valueTicks(ticks: number[]): string[] {
    const { language } = this.context;
    if (this.isCoded) return ticks.map((tick) => metricText(this.spec, tick, language));
    const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
    return ticks.map((tick) => numberText(tick, step, language));
  }

  private point(plot: uPlot): void {
    const index = plot.cursor.idx;
    const at = index === null || index === undefined ? undefined : this.history.data[0][index];
    const value = index === null || index === undefined ? null : this.history.data[3][index];
    if (at === undefined || value === null || value === undefined) {
      setText(this.readout, "");
      return;
    }
    const when = clockText(new Date(at * 1000), new Date(), this.context.language);
    setText(this.readout, `${when}  ${this.text(value)}`);
  }
}
