/** What the page knows of the city: loaded once, kept current by the stream, told once per frame. */

import * as api from "./api";
import type {
  AreaFeature,
  AreaProperties,
  Indicator,
  LineFeature,
  LiveReading,
  MetricSpec,
  ProfileSpec,
  Sign,
} from "./contract";
import {
  absorb,
  absorbLatest,
  type Device,
  type DeviceState,
  failedLamps,
  flagAt,
  flagged,
  fromItem,
  isLive,
  stateAt,
} from "./devices";
import { CLASSES, type Line, lineOf } from "./lines";
import { Rate } from "./rate";
import { signKey } from "./signs";
import { type Connection, Stream } from "./stream";

/** What moved since the last frame. */
export interface Change {
  /** Something structural: areas, catalogue, the set of devices, or the loading state. */
  readonly everything: boolean;
  /** Devices with new values. */
  readonly values: ReadonlySet<string>;
  /** Devices whose state is another one now. */
  readonly states: ReadonlySet<string>;
  readonly signs: boolean;
}

export type Loading =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly problem: api.Problem };

const REFETCH_AT_MOST_EVERY_MS = 30_000;
const RELOAD_MS = 10_000;
const STATE_CHECK_MS = 2_000;
const SIGNS_EVERY_MS = 60_000;
/** Failed values are not streamed: the flags of all devices are asked for now and then. */
const FLAGS_EVERY_MS = 120_000;

/** The live picture of the city. */
export class World {
  /** What is said of the city as a whole: its name, and whose boundaries these are. */
  cities: readonly AreaProperties[] = [];
  /** The districts. */
  readonly areas = new Map<string, AreaFeature>();
  readonly profiles = new Map<string, ProfileSpec>();
  readonly indicators = new Map<string, Indicator>();
  /** Roads and tunnels: links and the routes they make up. */
  readonly lines = new Map<string, Line>();
  readonly devices = new Map<string, Device>();
  readonly signs = new Map<string, Sign>();
  loading: Loading = { kind: "loading" };
  connection: Connection = { kind: "connecting" };
  newestMs: number | null = null;
  rate = new Rate(Date.now());

  private mounted: ReadonlyMap<string, readonly string[]> = new Map();
  private readonly specs = new Map<string, ReadonlyMap<string, MetricSpec>>();
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly watchers = new Set<(reading: LiveReading) => void>();
  private readonly stream: Stream;
  private values = new Set<string>();
  private states = new Set<string>();
  private isBusy = false;
  private retryTimer: number | undefined;
  private everything = false;
  private signsMoved = false;
  private frame = 0;
  private failedLamps: ReadonlySet<string> = new Set();
  private refetchedMs = 0;
  private refetching = false;

  constructor(streamPath: string) {
    this.stream = new Stream(streamPath, {
      readings: (readings) => this.takeReadings(readings),
      signs: (signs) => this.takeSigns(signs),
      connection: (connection) => {
        this.connection = connection;
      },
      resumed: () => void this.refetch(),
    });
  }

  /** Loads everything, then opens the stream; after a failure it tries again by itself. */
  async load(): Promise<void> {
    if (this.isBusy || this.loading.kind === "ready") return;
    this.isBusy = true;
    window.clearTimeout(this.retryTimer);
    try {
      const [profiles, indicators, cities, districts, ...lines] = await Promise.all([
        api.profiles(),
        api.indicators(),
        api.areas("city"),
        api.areas("district"),
        ...CLASSES.map((each) => api.lines(each.kind, each.class)),
      ]);
      this.keepCatalogue(profiles, indicators);
      this.cities = cities.map((feature) => feature.properties);
      for (const feature of districts) this.areas.set(feature.properties.code, feature);
      await this.keepLines(lines.flat());
      await this.fetchDevicesAndSigns();
      this.loading = { kind: "ready" };
      this.rate = new Rate(Date.now()); // what came before is no measure of the stream
      this.stream.start();
      window.setInterval(() => this.checkStates(), STATE_CHECK_MS);
      window.setInterval(() => void this.refetchSigns(), SIGNS_EVERY_MS);
      window.setInterval(() => void this.refetchFlags(), FLAGS_EVERY_MS);
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      this.loading = { kind: "failed", problem: error };
      this.retryTimer = window.setTimeout(() => void this.load(), RELOAD_MS);
    } finally {
      this.isBusy = false;
    }
    this.mark({ everything: true });
  }

  /** Calls back at most once per animation frame, with all that moved. */
  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back for every live reading as it arrives. */
  onReading(watcher: (reading: LiveReading) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  spec(profile: string, metric: string): MetricSpec | undefined {
    return this.specs.get(profile)?.get(metric);
  }

  sign(of: string, indicator: string): Sign | undefined {
    return this.signs.get(signKey(of, indicator));
  }

  /** The devices of an area: its own code or the district's names it. */
  devicesIn(area: string): Device[] {
    return [...this.devices.values()].filter((d) => d.district === area || d.area === area);
  }

  /** The device itself, or the first one mounted on the entity with this code. */
  deviceAt(code: string): Device | undefined {
    return this.devices.get(code) ?? this.devicesOn(code)[0];
  }

  /** The devices mounted on a thing: a pole, a link, a building. */
  devicesOn(code: string): Device[] {
    const codes = this.mounted.get(code) ?? [];
    return codes.flatMap((each) => this.devices.get(each) ?? []);
  }

  /** The links that make up a route. */
  linksOf(route: string): Line[] {
    return [...this.lines.values()].filter((line) => line.route === route);
  }

  /** The indicators that are monitored of at least one of these, in the catalogue's order. */
  indicatorsOf(codes: Iterable<string>): string[] {
    const all = [...codes];
    const isMonitored = (code: string, name: string) =>
      (this.sign(code, name)?.status ?? "not-monitored") !== "not-monitored";
    return [...this.indicators.keys()].filter((name) =>
      all.some((code) => isMonitored(code, name)),
    );
  }

  /** Asks for a device's newest values: the stream leaves out those that failed their test. */
  async refresh(code: string): Promise<void> {
    try {
      const latest = await api.latest(code);
      const device = this.devices.get(code);
      if (!device) return;
      absorbLatest(device, latest);
      this.values.add(code);
      this.setState(device, this.stateOf(device, api.serverNow()));
      this.mark({});
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
    }
  }

  private keepCatalogue(profiles: readonly ProfileSpec[], indicators: readonly Indicator[]): void {
    for (const profile of profiles) {
      this.profiles.set(profile.name, profile);
      this.specs.set(profile.name, new Map(profile.metrics.map((m) => [m.name, m])));
    }
    for (const indicator of indicators) this.indicators.set(indicator.indicator, indicator);
  }

  private async keepLines(features: readonly LineFeature[]): Promise<void> {
    for (const feature of features) this.lines.set(feature.properties.code, lineOf(feature));
    const routes = [...this.lines.values()].filter((line) => line.kind === "route");
    const parts = await Promise.all(routes.map((route) => api.linksOf(route.code)));
    routes.forEach((route, place) => {
      for (const code of parts[place] ?? []) {
        const link = this.lines.get(code);
        if (link) link.route = route.code;
      }
    });
  }

  private async fetchDevicesAndSigns(): Promise<void> {
    const [items, signs] = await Promise.all([api.devices(), api.signs()]);
    this.refetchedMs = Date.now();
    this.keepSigns(signs);
    const nowMs = api.serverNow();
    const fresh = new Set<string>();
    for (const item of items) {
      const device = fromItem(item);
      const known = this.devices.get(device.code);
      if (known) keepNewer(device, known);
      device.state = this.stateOf(device, nowMs);
      device.flag = flagAt(device, device.state);
      this.devices.set(device.code, device);
      this.noteNewest(device.lastMs);
      fresh.add(device.code);
    }
    for (const code of this.devices.keys()) if (!fresh.has(code)) this.devices.delete(code);
    this.mounted = byMount(this.devices.values());
  }

  /** The stream tells of signs that changed; that the others still hold must be asked for. */
  private async refetchSigns(): Promise<void> {
    try {
      this.takeSigns(await api.signs());
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
    }
  }

  private async refetchFlags(): Promise<void> {
    try {
      const items = await api.devices();
      const nowMs = api.serverNow();
      for (const { code, latest } of items) {
        const device = this.devices.get(code);
        if (!device || !latest) continue;
        absorbLatest(device, latest);
        this.values.add(code);
        this.setState(device, this.stateOf(device, nowMs));
      }
      this.mark({});
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
    }
  }

  private keepSigns(signs: readonly Sign[]): void {
    for (const sign of signs) this.signs.set(signKey(sign.entity, sign.indicator), sign);
    this.failedLamps = failedLamps(this.signs.values());
  }

  private stateOf(device: Device, nowMs: number): DeviceState {
    return stateAt(device, this.profiles.get(device.profile), nowMs, this.failedLamps);
  }

  private async refetch(): Promise<void> {
    if (this.refetching) return;
    this.refetching = true;
    try {
      await this.fetchDevicesAndSigns();
      this.mark({ everything: true });
    } catch (error) {
      // The connection state already says so, and ages keep ticking; the next loss tries again.
      if (!(error instanceof api.Problem)) throw error;
    } finally {
      this.refetching = false;
    }
  }

  private takeReadings(readings: readonly LiveReading[]): void {
    this.rate.add(readings.length, Date.now());
    const nowMs = api.serverNow();
    for (const reading of readings) {
      const device = this.devices.get(reading.code);
      if (!device) {
        this.refetchSoon();
        continue;
      }
      absorb(device, reading, this.specs.get(device.profile) ?? new Map());
      this.noteNewest(device.lastMs);
      this.values.add(device.code);
      this.setState(device, this.stateOf(device, nowMs));
      for (const watcher of this.watchers) watcher(reading);
    }
    this.mark({});
  }

  private takeSigns(signs: readonly Sign[]): void {
    this.keepSigns(signs);
    this.checkStates();
    this.mark({ signs: true });
  }

  private refetchSoon(): void {
    if (Date.now() - this.refetchedMs > REFETCH_AT_MOST_EVERY_MS) void this.refetch();
  }

  private checkStates(): void {
    const nowMs = api.serverNow();
    for (const device of this.devices.values()) {
      this.setState(device, this.stateOf(device, nowMs));
    }
    if (this.states.size) this.mark({});
  }

  private setState(device: Device, state: DeviceState): void {
    const flag = flagAt(device, state);
    if (device.state === state && device.flag === flag) return;
    device.state = state;
    device.flag = flag;
    this.states.add(device.code);
  }

  private noteNewest(atMs: number | null): void {
    if (atMs !== null && (this.newestMs === null || atMs > this.newestMs)) this.newestMs = atMs;
  }

  private mark(what: { everything?: boolean; signs?: boolean }): void {
    this.everything ||= what.everything ?? false;
    this.signsMoved ||= what.signs ?? false;
    this.frame ||= requestAnimationFrame(() => this.tell());
  }

  private tell(): void {
    const change: Change = {
      everything: this.everything,
      values: this.values,
      states: this.states,
      signs: this.signsMoved || this.everything,
    };
    this.values = new Set();
    this.states = new Set();
    this.everything = false;
    this.signsMoved = false;
    this.frame = 0;
    for (const listener of this.listeners) listener(change);
  }
}

/** What stands where: code of a thing → codes of the devices mounted on it. */
function byMount(devices: Iterable<Device>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { code, mountedOn } of devices) {
    if (!mountedOn) continue;
    const there = found.get(mountedOn);
    if (there) there.push(code);
    else found.set(mountedOn, [code]);
  }
  return found;
}

/** The stream may have brought newer values than the listing that was just fetched. */
function keepNewer(device: Device, known: Device): void {
  for (const [name, value] of known.values) {
    const listed = device.values.get(name);
    if (!listed || listed.atMs < value.atMs) device.values.set(name, value);
  }
  if (known.lastMs !== null) device.lastMs = Math.max(device.lastMs ?? 0, known.lastMs);
}

/** Counts for the overview: devices that report or not, failed lamps, values that failed a test. */
export function fleetCounts(devices: Iterable<Device>): {
  total: number;
  live: number;
  lampsFailed: number;
  sensorsFailed: number;
  sensorsSuspect: number;
} {
  const counts = { total: 0, live: 0, lampsFailed: 0, sensorsFailed: 0, sensorsSuspect: 0 };
  for (const device of devices) {
    counts.total += 1;
    if (isLive(device.state)) counts.live += 1;
    if (device.state === "lamp-failed") counts.lampsFailed += 1;
    if (device.flag === "good") continue;
    counts.sensorsFailed += flagged(device, device.state, "fail");
    counts.sensorsSuspect += flagged(device, device.state, "suspect");
  }
  return counts;
}
