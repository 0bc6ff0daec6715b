/** What the HTTP API says, as types: the only thing this page knows of the rest of the system. */

import type { Feature, LineString, MultiLineString, MultiPolygon, Point, Polygon } from "geojson";

export type Names = Readonly<Partial<Record<"zh" | "en", string>>>;
export type Quality = "good" | "suspect" | "fail";

export interface Link {
  readonly rel: string;
  readonly href: string;
}

export interface MetricSpec {
  readonly name: string;
  readonly names: Names;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly resolution: number;
  readonly aggregation: string;
  readonly suspect_low?: number | null;
  readonly suspect_high?: number | null;
  readonly states?: Readonly<Record<string, Names>>;
}

export interface ProfileSpec {
  readonly name: string;
  readonly names: Names;
  readonly interval_s: number;
  readonly stale_after_s: number;
  readonly metrics: readonly MetricSpec[];
}

export interface Level {
  readonly level: number;
  readonly label: Names;
  readonly colour: string;
  readonly low?: number | null;
  readonly high?: number | null;
  readonly is_alarm?: boolean;
}

export interface Indicator {
  readonly indicator: string;
  readonly names: Names;
  readonly unit: string;
  readonly norm: string;
  readonly clause?: string | null;
  readonly levels: readonly Level[];
}

export interface AreaProperties {
  readonly code: string;
  readonly name: Names;
  readonly area: string | null;
  readonly attributes?: Readonly<Record<string, unknown>> | null;
}

export type AreaFeature = Feature<Polygon | MultiPolygon, AreaProperties>;

export interface LineProperties {
  readonly code: string;
  readonly kind: string;
  readonly class: string;
  readonly name: Names | null;
  readonly district?: string | null;
  readonly attributes?: Readonly<Record<string, unknown>> | null;
}

/** What else a thing hangs together with; `inverse` where the other is the subject. */
export interface Relation {
  readonly predicate: string;
  readonly inverse: boolean;
  readonly code: string;
}

export type LineFeature = Feature<LineString | MultiLineString, LineProperties>;

export type SignStatus = "ok" | "na" | "stale" | "not-monitored";

export interface Sign {
  /** The code of what it is of: an area, a route, a link. */
  readonly entity: string;
  readonly indicator: string;
  readonly ts: string | null;
  readonly value: number | null;
  readonly status: SignStatus;
  readonly level: number | null;
  readonly label: Names | null;
  readonly colour: string | null;
  readonly coverage: number | null;
  readonly norm: string | null;
  readonly reason: string | null;
  readonly detail?: Readonly<Record<string, unknown>> | null;
}

export interface MetricValue {
  readonly value: number;
  readonly ts: string;
  readonly quality: Quality;
}

export interface Latest {
  readonly ts: string | null;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

export interface DeviceItem {
  readonly code: string;
  readonly profile: string;
  readonly name: Names | null;
  readonly district: string | null;
  readonly area: string | null;
  readonly mounted_on: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly latest: Latest | null;
}

/** Part of an answer, under `items` or, in GeoJSON, `features`; a link leads to the next one. */
export type Page<T, Under extends string> = Readonly<Record<Under, readonly T[]>> & {
  readonly links?: readonly Link[];
};

export interface TelemetryPoint {
  readonly ts: string;
  readonly value: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly count?: number;
}

export interface Telemetry {
  readonly code: string;
  readonly metric: string;
  readonly unit: string;
  readonly aggregation: string;
  readonly bucket_s: number | null;
  readonly complete: boolean;
  readonly points: readonly TelemetryPoint[];
}

export interface LiveReading {
  readonly code: string;
  readonly profile: string;
  readonly ts: string;
  readonly m: Readonly<Record<string, number>>;
}

export type DevicePoint = Feature<Point, Record<string, unknown>>;
