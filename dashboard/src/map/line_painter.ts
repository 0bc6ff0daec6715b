/** Draws roads and tunnels: their shapes once, then only what a frame's signs or the pointer change. */

import type { GeoJSONSource, MapLibreMap } from "maplibre-gl";
import { type Line, MAIN_SIGN, MEDIA, mediumOf } from "../lines";
import { colourOf, isAlarm, rankOf } from "../signs";
import type { World } from "../world";

/** The lines of a map whose style has the source `lines`. */
export class LinePainter {
  /** What each link was last drawn as, so that the others are left alone. */
  private readonly drawn = new Map<string, string>();
  private picked: readonly string[] = [];
  private under: string | null = null;

  constructor(
    private readonly map: MapLibreMap,
    private readonly world: World,
    /** What stands along a line, in the reader's language. */
    private readonly label: (line: Line) => string,
  ) {}

  /** All shapes anew, e.g. in another language or style. */
  draw(): void {
    const features = [...this.world.lines.values()]
      .filter((line) => line.kind === "link")
      .map((line) => ({
        type: "Feature" as const,
        geometry: line.geometry,
        properties: {
          code: line.code,
          family: line.family,
          lane: laneOf(line),
          label: this.label(line),
        },
      }));
    this.drawn.clear();
    const source = this.map.getSource<GeoJSONSource>("lines");
    source?.setData({ type: "FeatureCollection", features });
    this.drawSigns();
    for (const code of this.picked) this.state(code, { picked: true });
  }

  /** Colours and widths of the links whose sign looks different now. */
  drawSigns(): void {
    for (const line of this.world.lines.values()) {
      if (line.kind !== "link") continue;
      const indicator = this.world.indicators.get(MAIN_SIGN[line.family]);
      const sign = this.world.sign(line.code, MAIN_SIGN[line.family]);
      const colour = colourOf(indicator, sign);
      const rank = rankOf(indicator, sign);
      const alarm = isAlarm(indicator, sign);
      const look = `${colour} ${rank} ${alarm}`;
      if (this.drawn.get(line.code) === look) continue;
      this.drawn.set(line.code, look);
      this.state(line.code, { colour, rank, alarm });
    }
  }

  /** Marks a link, or all links of a route. */
  pick(code: string | null): void {
    for (const each of this.picked) this.state(each, { picked: false });
    const line = code === null ? undefined : this.world.lines.get(code);
    const links = line?.kind === "route" ? this.world.linksOf(line.code) : line ? [line] : [];
    this.picked = links.map((link) => link.code);
    for (const each of this.picked) this.state(each, { picked: true });
  }

  /** Marks the link under the pointer. */
  hover(code: string | null): void {
    if (code === this.under) return;
    if (this.under) this.state(this.under, { under: false });
    this.under = code;
    if (code) this.state(code, { under: true });
  }

  private state(id: string, state: Record<string, unknown>): void {
    if (this.map.getSource("lines")) this.map.setFeatureState({ source: "lines", id }, state);
  }
}

/** How many widths right of the road's middle a compartment is drawn from afar. */
function laneOf(line: Line): number {
  const medium = mediumOf(line);
  return medium ? 3 + 1.6 * MEDIA.indexOf(medium) : 3;
}
