/** Questions to the HTTP API; every failure is a `Problem` with a text worth showing. */

import type {
  AreaFeature,
  DeviceItem,
  Indicator,
  Latest,
  LineFeature,
  Link,
  Page,
  ProfileSpec,
  Relation,
  Sign,
  Telemetry,
} from "./contract";

const PAGE_SIZE = 1000;
const TIMEOUT_MS = 20_000;
const SIGNED = ["district", "route", "link"];

export type ProblemKind = "network" | "unreadable" | "answered";

/** What went wrong, in the server's own words where it gave any. */
export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly status: number | null,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = "Problem";
  }
}

/** Milliseconds the server's clock is ahead of ours, from the Date header of its answers. */
let clockOffsetMs = 0;

/** The present by the server's clock, so that ages are right on a machine whose clock is not. */
export function serverNow(): number {
  return Date.now() + clockOffsetMs;
}

function noteServerClock(response: Response): void {
  const header = response.headers.get("date");
  const age = Number(response.headers.get("age") ?? 0);
  if (!header || age > 0) return;
  const offset = Date.parse(header) + 500 - Date.now(); // the header has whole seconds
  clockOffsetMs = Math.abs(offset) > 2000 ? offset : 0;
}

async function problemFrom(response: Response): Promise<Problem> {
  let title = `${response.status} ${response.statusText}`.trim();
  let detail = "";
  try {
    const body = (await response.json()) as { title?: unknown; detail?: unknown };
    if (typeof body.title === "string") title = body.title;
    if (typeof body.detail === "string") detail = body.detail;
  } catch {
    // Not a problem+json: the status line is all there is.
  }
  return new Problem("answered", response.status, title, detail);
}

/** One GET, parsed; raises `Problem`, or passes on the abort. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { accept: "application/json, application/geo+json" },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("network", null, "", "");
  }
  noteServerClock(response);
  if (!response.ok) throw await problemFrom(response);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("unreadable", response.status, "", "");
  }
}

/** The path of the next page, kept on our own origin whatever host the link names. */
export function nextPath(links: readonly Link[] | undefined): string | null {
  const next = links?.find((link) => link.rel === "next");
  if (!next) return null;
  const url = new URL(next.href, "http://page.invalid/");
  return url.pathname + url.search;
}

/** What all pages of an answer hold under a name. */
async function all<T, Under extends string>(
  under: Under,
  path: string,
  signal?: AbortSignal,
): Promise<T[]> {
  const found: T[] = [];
  let next: string | null = path;
  while (next) {
    const page: Page<T, Under> = await get<Page<T, Under>>(next, signal);
    found.push(...page[under]);
    next = nextPath(page.links);
  }
  return found;
}

function allItems<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  return all<T, "items">("items", path, signal);
}

function allFeatures<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  return all<T, "features">("features", path, signal);
}

/** All areas of a level with their outlines; what has no outline is left out. */
export async function areas(
  level: "city" | "district",
  signal?: AbortSignal,
): Promise<AreaFeature[]> {
  const path = `/api/v1/areas?level=${level}&limit=${PAGE_SIZE}`;
  return withShape(await allFeatures<AreaFeature>(path, signal));
}

/** All links or routes of a class; what has no line is left out. */
export async function lines(
  kind: "L" | "R",
  class_: string,
  signal?: AbortSignal,
): Promise<LineFeature[]> {
  const path = `/api/v1/entities?kind=${kind}&class=${class_}&limit=${PAGE_SIZE}`;
  return withShape(await allFeatures<LineFeature>(path, signal));
}

/** The links that a route is made of. */
export async function linksOf(route: string, signal?: AbortSignal): Promise<string[]> {
  const path = `/api/v1/entities/${encodeURIComponent(route)}`;
  const { relations } = await get<{ relations?: readonly Relation[] }>(path, signal);
  const parts = relations?.filter((each) => each.predicate === "partOf" && each.inverse);
  return (parts ?? []).map((each) => each.code);
}

function withShape<T extends { geometry: unknown }>(features: readonly T[]): T[] {
  return features.filter((feature) => feature.geometry !== null);
}

/** All devices with their newest values. */
export function devices(signal?: AbortSignal): Promise<DeviceItem[]> {
  return allItems<DeviceItem>(`/api/v1/devices?limit=${PAGE_SIZE}`, signal);
}

/** The newest values of one device, those that failed their test included. */
export function latest(code: string, signal?: AbortSignal): Promise<Latest> {
  return get<Latest>(`/api/v1/devices/${encodeURIComponent(code)}/latest`, signal);
}

/** The current signs of districts, routes and links. */
export async function signs(signal?: AbortSignal): Promise<Sign[]> {
  const all = SIGNED.map((level) => allItems<Sign>(`/api/v1/signs?level=${level}`, signal));
  return (await Promise.all(all)).flat();
}

/** The signs of a district, route or link since an instant, oldest first. */
export function signHistory(
  of: string,
  indicator: string,
  fromMs: number,
  signal?: AbortSignal,
): Promise<Sign[]> {
  const query = new URLSearchParams({ indicator, from: new Date(fromMs).toISOString() });
  return allItems<Sign>(
    `/api/v1/${of.startsWith("A") ? "areas" : "entities"}/${encodeURIComponent(of)}/signs?${query}`,
    signal,
  );
}

/** The catalogue of profiles: units, ranges and names of metrics. */
export function profiles(signal?: AbortSignal): Promise<ProfileSpec[]> {
  return allItems<ProfileSpec>("/api/v1/profiles", signal);
}

/** The catalogue of indicators: norms and levels. */
export function indicators(signal?: AbortSignal): Promise<Indicator[]> {
  return allItems<Indicator>("/api/v1/indicators", signal);
}

/** The address of a thinned history, also offered as a link. */
export function telemetryPath(
  code: string,
  metric: string,
  fromMs: number,
  points: number,
): string {
  const query = new URLSearchParams({
    metric,
    from: new Date(fromMs).toISOString(),
    points: String(points),
  });
  return `/api/v1/devices/${encodeURIComponent(code)}/telemetry?${query}`;
}

/** The thinned history of one metric of one device since an instant. */
export function telemetry(
  code: string,
  metric: string,
  fromMs: number,
  points: number,
  signal?: AbortSignal,
): Promise<Telemetry> {
  return get<Telemetry>(telemetryPath(code, metric, fromMs, points), signal);
}
