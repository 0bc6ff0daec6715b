/** The map: draws what `World` knows, and says what the reader points at and picks. */

import {
  AttributionControl,
  type GeoJSONSource,
  type GeoJSONSourceDiff,
  type MapGeoJSONFeature,
  MapLibreMap,
  type MapMouseEvent,
  type Point,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { DevicePoint } from "../contract";
import type { Device } from "../devices";
import type { Layer } from "../shown";
import { colourOf } from "../signs";
import type { Palette } from "../theme";
import type { Change, World } from "../world";
import {
  DEVICE_LAYER,
  DISTRICT_LAYER,
  deviceFilter,
  FIXTURE_LAYER,
  HATCH,
  mapStyle,
} from "./layers";
import { bodyLayer, FAMILIES, layersOf } from "./line_layers";
import { LinePainter } from "./line_painter";
import { pointOf } from "./points";
import { type Bounds, boundsOf, labelPoint } from "./shapes";
import { FLAGS, hatchCanvas, pixels, SHAPES, STATES, symbolCanvas, symbolName } from "./symbols";

/** Something on the map: a district, a link of a road or tunnel, or a device. */
export interface Target {
  readonly kind: "area" | "line" | "device";
  readonly code: string;
}

export interface MapEvents {
  picked(target: Target | null): void;
  hovered(target: Target | null, x: number, y: number): void;
}

/** What the labels say; the page knows the language, the map does not. */
export interface Labels {
  name(area: string): string;
  /** The sign's value and level. */
  sign(area: string): string;
  /** The sign's value alone, where there is no room. */
  short(area: string): string;
  /** What stands along a link. */
  line(code: string): string;
  attribution(): string;
}

const REACH_PX = 9; // how far from a symbol a click or a finger still means it
const LINE_REACH_PX = 5;
const DEVICE_ZOOM = 13;
const LINE_ZOOM = 15.5; // near enough to tell a tunnel's compartments

/** From this width of the map on, the city is fitted beside the legend, not under it. */
const LEGEND_BESIDE_PX = 800;
const BESIDE_LEGEND = { top: 40, right: 70, bottom: 50, left: 300 };
const BELOW_LEGEND = { top: 112, right: 24, bottom: 34, left: 24 };

setWorkerUrl(workerUrl);

/** A map in an element. `draw` after anything changed; `follow` with each frame's change. */
export class CityMap {
  private readonly map: MapLibreMap;
  private ready = false;
  private indicator = "";
  private picked: string | null = null;
  private under: string | null = null;
  private readonly anchors = new Map<string, DevicePoint["geometry"]>();
  private attribution: AttributionControl | null = null;
  private fitted = false;
  private hidden: ReadonlySet<Layer> = new Set();
  private readonly lines: LinePainter;

  constructor(
    container: HTMLElement,
    private readonly world: World,
    private palette: Palette,
    private readonly labels: Labels,
    private readonly events: MapEvents,
  ) {
    this.map = new MapLibreMap({
      container,
      style: mapStyle(palette),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      minZoom: 6,
      maxZoom: 18,
      center: [0, 0],
      zoom: 6,
    });
    this.lines = new LinePainter(this.map, world, (line) => labels.line(line.code));
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("style.load", () => this.styled());
    this.map.on("click", (event) => this.events.picked(this.targetAt(event.point)));
    this.map.on("mousemove", (event) => this.move(event));
    this.map.on("mouseout", () => this.hover(null, 0, 0));
  }

  /** The canvas's accessible name, in the reader's language. */
  describe(label: string): void {
    this.map.getCanvas().setAttribute("aria-label", label);
  }

  /** Another theme: a new style; the sources are filled again when it is there. */
  paint(palette: Palette): void {
    this.palette = palette;
    this.ready = false;
    this.map.setStyle(mapStyle(palette), { diff: false });
  }

  /** Which sign colours the districts. */
  show(indicator: string): void {
    this.indicator = indicator;
    this.drawSigns();
  }

  /** Which layers the reader has switched off. */
  hide(hidden: ReadonlySet<Layer>): void {
    this.hidden = hidden;
    if (!this.ready) return;
    for (const layer of [DEVICE_LAYER, FIXTURE_LAYER]) {
      this.map.setFilter(layer, deviceFilter(layer, hidden));
    }
    for (const family of FAMILIES) {
      const visibility = hidden.has(`${family}s`) ? "none" : "visible";
      for (const id of layersOf(family)) this.map.setLayoutProperty(id, "visibility", visibility);
    }
  }

  /** Fills the map from the world, e.g. after loading or in another language. */
  draw(): void {
    if (!this.ready) return;
    this.source("districts").setData({
      type: "FeatureCollection",
      features: [...this.world.areas.values()],
    });
    this.source("devices").setData({
      type: "FeatureCollection",
      features: [...this.world.devices.values()].flatMap((device) => pointOf(device)),
    });
    this.lines.draw();
    this.drawSigns();
    this.drawPicked();
    this.showAttribution();
    if (!this.fitted && this.world.areas.size) {
      this.fitted = true;
      this.fitStart();
    }
  }

  /** Draws only what this frame's change touches. */
  follow(change: Change): void {
    if (change.everything) {
      this.draw();
      return;
    }
    if (!this.ready) return;
    if (change.signs) {
      this.drawSigns();
      this.lines.drawSigns();
    }
    if (change.states.size) this.drawStates(change.states);
  }

  /** Marks the selected district, line or device. */
  pick(code: string | null): void {
    if (this.ready && this.picked) this.state(this.picked, { picked: false });
    this.picked = code;
    this.drawPicked();
  }

  private fitStart(): void {
    this.fitCity(false);
    const area = this.picked && this.world.areas.get(this.picked);
    const line = this.picked && this.world.lines.get(this.picked);
    const device = this.picked && this.world.devices.get(this.picked);
    if (line) this.fit(boundsOf([line.geometry]), false, LINE_ZOOM);
    if (area) this.fit(boundsOf([area.geometry]), false);
    if (device) this.goTo(device, false);
  }

  fitCity(animate = true): void {
    this.fit(boundsOf([...this.world.areas.values()].map((f) => f.geometry)), animate);
  }

  fitArea(code: string): void {
    const feature = this.world.areas.get(code);
    if (feature) this.fit(boundsOf([feature.geometry]), true);
  }

  fitLine(code: string): void {
    const line = this.world.lines.get(code);
    if (line) this.fit(boundsOf([line.geometry]), true, LINE_ZOOM);
  }

  /** Goes to a device; not closer than the reader already is, and not at all if it has no place. */
  goTo(device: Device, animate = true): void {
    if (device.lon === null || device.lat === null) return;
    this.map.easeTo({
      center: [device.lon, device.lat],
      zoom: Math.max(this.map.getZoom(), DEVICE_ZOOM),
      duration: animate ? motion() : 0,
    });
  }

  zoom(steps: number): void {
    this.map.zoomTo(this.map.getZoom() + steps, { duration: motion() });
  }

  private styled(): void {
    for (const shape of SHAPES) {
      for (const state of STATES) {
        for (const flag of FLAGS) {
          const image = pixels(symbolCanvas(shape, state, this.palette, flag));
          this.map.addImage(symbolName(shape, state, flag), image, { pixelRatio: 2 });
        }
      }
    }
    this.map.addImage(HATCH, pixels(hatchCanvas(this.palette)), { pixelRatio: 2 });
    this.ready = true;
    this.hide(this.hidden);
    this.draw();
  }

  private drawSigns(): void {
    if (!this.ready) return;
    const features: DevicePoint[] = [];
    const indicator = this.world.indicators.get(this.indicator);
    for (const [code, feature] of this.world.areas) {
      const sign = this.world.sign(code, this.indicator);
      this.state(code, { colour: colourOf(indicator, sign) });
      const anchor = this.anchors.get(code) ?? {
        type: "Point" as const,
        coordinates: labelPoint(feature.geometry),
      };
      this.anchors.set(code, anchor);
      const properties = {
        name: this.labels.name(code),
        sign: this.labels.sign(code),
        short: this.labels.short(code),
        order: -(sign?.level ?? 0),
      };
      features.push({ type: "Feature", geometry: anchor, properties });
    }
    this.source("labels").setData({ type: "FeatureCollection", features });
  }

  private drawStates(codes: ReadonlySet<string>): void {
    const update: NonNullable<GeoJSONSourceDiff["update"]> = [];
    for (const code of codes) {
      const device = this.world.devices.get(code);
      const point = device && pointOf(device)[0];
      if (!point) continue;
      const properties = Object.entries(point.properties).map(([key, value]) => ({ key, value }));
      update.push({ id: code, addOrUpdateProperties: properties });
    }
    if (update.length) this.source("devices").updateData({ update });
  }

  private drawPicked(): void {
    if (!this.ready) return;
    const isDevice = this.picked !== null && this.world.devices.has(this.picked);
    this.map.setFilter("device-picked", ["==", ["get", "code"], isDevice ? this.picked : ""]);
    this.lines.pick(this.picked);
    if (this.picked && this.world.areas.has(this.picked)) this.state(this.picked, { picked: true });
  }

  private showAttribution(): void {
    if (this.attribution) this.map.removeControl(this.attribution);
    const text = this.labels.attribution();
    this.attribution = null;
    if (!text) return;
    this.attribution = new AttributionControl({
      compact: false,
      customAttribution: escaped(text),
    });
    this.map.addControl(this.attribution, "bottom-right");
  }

  private targetAt(point: Point): Target | null {
    if (!this.ready) return null;
    const box: [[number, number], [number, number]] = [
      [point.x - REACH_PX, point.y - REACH_PX],
      [point.x + REACH_PX, point.y + REACH_PX],
    ];
    const devices = this.map.queryRenderedFeatures(box, {
      layers: [DEVICE_LAYER, FIXTURE_LAYER],
    });
    const nearest = this.nearest(devices, point);
    if (nearest) return { kind: "device", code: nearest };
    const line = this.lineAt(point);
    if (line) return { kind: "line", code: line };
    const [district] = this.map.queryRenderedFeatures(point, { layers: [DISTRICT_LAYER] });
    return district ? { kind: "area", code: String(district.id) } : null;
  }

  /** The link under the point, else one close by; a tunnel before the road it lies below. */
  private lineAt(point: Point): string | null {
    const layers = FAMILIES.map(bodyLayer).reverse();
    for (const reach of [1, LINE_REACH_PX]) {
      const box: [[number, number], [number, number]] = [
        [point.x - reach, point.y - reach],
        [point.x + reach, point.y + reach],
      ];
      const [found] = this.map.queryRenderedFeatures(box, { layers });
      if (found) return String(found.id);
    }
    return null;
  }

  private nearest(features: readonly MapGeoJSONFeature[], point: Point): string | null {
    let code: string | null = null;
    let best = Number.POSITIVE_INFINITY;
    for (const feature of features) {
      if (feature.geometry.type !== "Point") continue;
      const [lon = 0, lat = 0] = feature.geometry.coordinates;
      const distance = this.map.project([lon, lat]).distSqr(point);
      if (distance < best) [code, best] = [String(feature.id), distance];
    }
    return code;
  }

  private move(event: MapMouseEvent): void {
    this.hover(this.targetAt(event.point), event.point.x, event.point.y);
  }

  private hover(target: Target | null, x: number, y: number): void {
    this.lines.hover(target?.kind === "line" ? target.code : null);
    const district = target?.kind === "area" ? target.code : null;
    if (district !== this.under) {
      if (this.under) this.state(this.under, { under: false });
      if (district) this.state(district, { under: true });
      this.under = district;
    }
    this.map.getCanvas().style.cursor = target ? "pointer" : "";
    this.events.hovered(target, x, y);
  }

  private fit(bounds: Bounds | null, animate: boolean, maxZoom = DEVICE_ZOOM): void {
    if (!bounds) return;
    const isWide = this.map.getContainer().clientWidth >= LEGEND_BESIDE_PX;
    this.map.fitBounds([...bounds], {
      padding: isWide ? BESIDE_LEGEND : BELOW_LEGEND,
      duration: animate ? motion() : 0,
      maxZoom,
    });
  }

  private state(id: string, state: Record<string, unknown>): void {
    if (!this.ready) return;
    this.map.setFeatureState({ source: "districts", id }, state);
  }

  private source(name: string): GeoJSONSource {
    const source = this.map.getSource<GeoJSONSource>(name);
    if (!source) throw new Error(`the map's style has no source ${name}`);
    return source;
  }
}

/** As text: MapLibre takes attributions for HTML, and these come from the registry. */
function escaped(text: string): string {
  const box = document.createElement("span");
  box.textContent = text;
  return box.innerHTML;
}

function motion(): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 600;
}
