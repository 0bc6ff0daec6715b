/** What the address says: selection, list, sign, layers, metric, range, language. Pure. */

import { type Layer, layersIn } from "./shown";

export const RANGES = { "1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800 } as const;
export type Range = keyof typeof RANGES;
export const DEFAULT_RANGE: Range = "1h";

/** What the overview lists. */
export const LISTS = ["districts", "roads", "tunnels"] as const;
export type List = (typeof LISTS)[number];

export interface Route {
  readonly at: string | null;
  readonly list: List;
  readonly sign: string | null;
  readonly hide: ReadonlySet<Layer>;
  readonly metric: string | null;
  readonly range: Range;
  readonly lang: string | null;
}

/** Reads a query string; an unknown range or list falls back to the default. */
export function parseRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const range = query.get("range") ?? "";
  return {
    at: query.get("at")?.toUpperCase() || null,
    list: LISTS.find((list) => list === query.get("list")) ?? LISTS[0],
    sign: query.get("sign"),
    hide: layersIn(query.get("hide")),
    metric: query.get("metric"),
    range: range in RANGES ? (range as Range) : DEFAULT_RANGE,
    lang: query.get("lang"),
  };
}

/** The query string for a route, without what is default; `""` for none. */
export function routeText(route: Route): string {
  const query = new URLSearchParams();
  if (route.at) query.set("at", route.at);
  if (route.list !== LISTS[0]) query.set("list", route.list);
  if (route.sign) query.set("sign", route.sign);
  if (route.hide.size) query.set("hide", [...route.hide].join(","));
  if (route.at && route.metric) query.set("metric", route.metric);
  if (route.at && route.range !== DEFAULT_RANGE) query.set("range", route.range);
  if (route.lang) query.set("lang", route.lang);
  const text = query.toString().replaceAll("%2C", ",");
  return text && `?${text}`;
}
