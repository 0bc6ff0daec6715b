/** A device in view: its chart, its values, asked for anew now and then. */

import type { MetricSpec } from "../contract";
import type { Device } from "../devices";
import type { Change } from "../world";
import { MetricChart } from "./metric_chart";
import { MetricTable, measured } from "./metric_table";
import type { Context } from "./view";

const REFRESH_EVERY_S = 15;

/** Chart and table of one device; `follow` each frame, `tick` each second. */
export class DevicePart {
  readonly chart: MetricChart;
  readonly table: MetricTable;
  private ticks = 0;

  /** @param choose shows the chart of another metric */
  constructor(
    private readonly context: Context,
    private readonly device: Device,
    choose: (metric: string) => void,
  ) {
    const chosen = this.chosen();
    this.chart = new MetricChart(context, device, chosen);
    this.table = new MetricTable(context, device, chosen?.name ?? null, choose);
    this.table.update();
  }

  /** Whether the panel must be built anew for it. */
  get isOutgrown(): boolean {
    return this.table.isOutgrown;
  }

  follow(change: Change): void {
    if (change.everything) this.chart.refetch();
    const { code } = this.device;
    const isTouched = change.values.has(code) || change.states.has(code) || change.signs;
    if (!isTouched) return;
    this.table.update();
    this.chart.draw();
  }

  tick(): void {
    this.table.update();
    this.chart.tick();
    this.ticks += 1;
    if (this.ticks % REFRESH_EVERY_S === 0) void this.context.world.refresh(this.device.code);
  }

  destroy(): void {
    this.chart.destroy();
  }

  private chosen(): MetricSpec | undefined {
    const specs = measured(this.context, this.device);
    return specs.find((spec) => spec.name === this.context.route.metric) ?? specs[0];
  }
}
