/** A device's chart under its heading, with the choice of its range. */

import type { MetricSpec } from "../contract";
import type { Device } from "../devices";
import { button, h } from "../dom";
import { nameIn } from "../i18n";
import { RANGES, type Range } from "../route";
import { Chart } from "./chart";
import type { Context } from "./view";

/** The chart of a metric, or nothing where the device has sent none. */
export class MetricChart {
  readonly root = h("div", { class: "metric-chart" });
  private readonly chart: Chart | null;

  constructor(
    private readonly context: Context,
    device: Device,
    spec: MetricSpec | undefined,
  ) {
    this.chart = spec ? new Chart(context, device, spec) : null;
    if (spec && this.chart) this.root.append(this.head(spec), this.chart.root);
  }

  tick(): void {
    this.chart?.tick();
  }

  draw(): void {
    this.chart?.draw();
  }

  refetch(): void {
    this.chart?.refetch();
  }

  destroy(): void {
    this.chart?.destroy();
  }

  private head(spec: MetricSpec): HTMLElement {
    const { s, language, route, go } = this.context;
    const ranges = h("div", { class: "segmented", role: "group", "aria-label": s.range });
    for (const range of Object.keys(RANGES) as Range[]) {
      ranges.append(
        button(s.ranges[range], () => go({ range }), {
          "aria-pressed": String(range === route.range),
          "data-focus": `range ${range}`,
        }),
      );
    }
    const title = h("h3", {}, nameIn(spec.names, language, spec.name));
    return h("div", { class: "chart-head" }, title, ranges);
  }
}
