/** What is known of each device: its newest value per metric, and the state that follows. Pure. */

import type {
  DeviceItem,
  Latest,
  LiveReading,
  MetricSpec,
  Names,
  ProfileSpec,
  Quality,
  Sign,
} from "./contract";

export type DeviceState = "live" | "lamp-on" | "lamp-failed" | "stale" | "silent";

export interface Known {
  readonly value: number;
  readonly atMs: number;
  readonly quality: Quality;
}

export interface Device {
  readonly code: string;
  readonly profile: string;
  readonly name: Names | null;
  readonly district: string | null;
  readonly area: string | null;
  readonly mountedOn: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  lastMs: number | null;
  readonly values: Map<string, Known>;
  state: DeviceState;
  /** The worst flag among its newest values; good for a device that does not report. */
  flag: Quality;
}

const DEFAULT_STALE_AFTER_S = 180;
const LIT_RATE = "lighting.lit-rate";
const COMMANDED_ON = ["lit", "degraded", "failed"] as const;

/** Above this power a lamp burns, at whatever dimming; meters tell less than a watt for none. */
const BURNING_ABOVE_W = 1;

/** A device as the listing tells it. */
export function fromItem(item: DeviceItem): Device {
  const device: Device = {
    code: item.code,
    profile: item.profile,
    name: item.name,
    district: item.district,
    area: item.area,
    mountedOn: item.mounted_on,
    lon: item.lon,
    lat: item.lat,
    lastMs: null,
    values: new Map(),
    state: "silent",
    flag: "good",
  };
  if (item.latest) absorbLatest(device, item.latest);
  return device;
}

/** Take in what the server keeps as newest, with its own flags; never what is older. */
export function absorbLatest(device: Device, latest: Latest): void {
  for (const [name, told] of Object.entries(latest.metrics)) {
    keep(device, name, {
      value: told.value,
      atMs: Date.parse(told.ts),
      quality: told.quality,
    });
  }
  if (latest.ts !== null) noteReport(device, Date.parse(latest.ts));
}

/** The flag the catalogue's limits give a value, as ingest sets it on arrival. */
export function qualityOf(spec: MetricSpec | undefined, value: number): Quality {
  if (!spec) return "good";
  if (value < spec.low || value > spec.high) return "fail";
  const low = spec.suspect_low ?? Number.NEGATIVE_INFINITY;
  const high = spec.suspect_high ?? Number.POSITIVE_INFINITY;
  return value < low || value > high ? "suspect" : "good";
}

/** Take in a live reading: per metric the newest wins, so late data never shows as new. */
export function absorb(
  device: Device,
  reading: LiveReading,
  specs: ReadonlyMap<string, MetricSpec>,
): void {
  const atMs = Date.parse(reading.ts);
  if (Number.isNaN(atMs)) return;
  for (const [name, value] of Object.entries(reading.m)) {
    keep(device, name, { value, atMs, quality: qualityOf(specs.get(name), value) });
  }
  noteReport(device, atMs);
}

/** Per metric the newest wins, and of two of one instant the one told later. */
function keep(device: Device, name: string, told: Known): void {
  const known = device.values.get(name);
  if (known && known.atMs > told.atMs) return;
  device.values.set(name, told);
}

function noteReport(device: Device, atMs: number): void {
  device.lastMs = Math.max(device.lastMs ?? atMs, atMs);
}

/**
 * The state a device is in at this instant.
 *
 * That a lamp has failed is the server's judgement (`failedLamps`); here is no second rule for it.
 */
export function stateAt(
  device: Device,
  profile: ProfileSpec | undefined,
  nowMs: number,
  failedLamps: ReadonlySet<string>,
): DeviceState {
  if (device.lastMs === null) return "silent";
  if (nowMs - device.lastMs > (profile?.stale_after_s ?? DEFAULT_STALE_AFTER_S) * 1000)
    return "stale";
  if (failedLamps.has(device.code)) return "lamp-failed";
  return (device.values.get("lamp_power_w")?.value ?? 0) > BURNING_ABOVE_W ? "lamp-on" : "live";
}

/** The devices whose lamps have failed, as the lit-rate signs of all areas list them. */
export function failedLamps(signs: Iterable<Sign>): Set<string> {
  const failed = new Set<string>();
  for (const sign of signs) {
    if (sign.indicator !== LIT_RATE) continue;
    const inputs = sign.detail?.["inputs"] as { failed?: unknown } | undefined;
    if (!Array.isArray(inputs?.failed)) continue;
    for (const code of inputs.failed) failed.add(String(code));
  }
  return failed;
}

/**
 * Whether every lamp of known state is off by schedule: whether it would burn is not known then.
 *
 * Read off the counts in the lit-rate signs; false where no lamp is known to be off.
 */
export function areLampsOff(signs: Iterable<Sign>): boolean {
  let off = 0;
  for (const sign of signs) {
    if (sign.indicator !== LIT_RATE) continue;
    const counts = (sign.detail?.["counts"] ?? {}) as Readonly<Record<string, number>>;
    const commanded = COMMANDED_ON.some((state) => (counts[state] ?? 0) > 0);
    if (commanded) return false;
    off += counts["off"] ?? 0;
  }
  return off > 0;
}

/** How many of a device's newest values carry a flag; none where the device does not report. */
export function flagged(device: Device, state: DeviceState, flag: Quality): number {
  if (!isLive(state)) return 0;
  return [...device.values.values()].filter((known) => known.quality === flag).length;
}

/** The worst flag among the newest values of a device that reports, else good. */
export function flagAt(device: Device, state: DeviceState): Quality {
  return (["fail", "suspect"] as const).find((flag) => flagged(device, state, flag)) ?? "good";
}

/** Whether the device reports as it should, whatever its lamp does. */
export function isLive(state: DeviceState): boolean {
  return state !== "stale" && state !== "silent";
}
