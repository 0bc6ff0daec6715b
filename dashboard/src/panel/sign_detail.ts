/** What a sign was made of, in words, for the indicators whose detail this page understands. */

import { metricText, numberText, unitText } from "../format";
import { nameIn, type Strings } from "../i18n";
import { spaced } from "./parts";
import { type Context, lineName } from "./view";

type Detail = Readonly<Record<string, unknown>>;
type Fact = [term: string, fact: string];

const POLLUTANTS: Readonly<Record<string, string>> = {
  pm25: "PM2.5",
  pm10: "PM10",
  so2: "SO₂",
  no2: "NO₂",
  o3: "O₃",
  co: "CO",
};

function pollutants(codes: unknown): string {
  if (!Array.isArray(codes)) return "";
  return codes.map((code) => POLLUTANTS[String(code)] ?? String(code)).join(", ");
}

/** Sub-indices such as `{"pm25": 112, "o3": null}`, the highest first. */
function subIndices(iaqi: unknown, context: Context): string {
  if (typeof iaqi !== "object" || iaqi === null) return "";
  const known = Object.entries(iaqi).filter((e): e is [string, number] => typeof e[1] === "number");
  known.sort((a, b) => b[1] - a[1]);
  return known
    .map(([code, value]) => `${pollutants([code])} ${numberText(value, 1, context.language)}`)
    .join(" · ");
}

function lampCounts(counts: unknown, s: Strings): string {
  if (typeof counts !== "object" || counts === null) return "";
  const lamps = s.lamps as Readonly<Record<string, string>>;
  return Object.entries(counts)
    .filter(([, count]) => typeof count === "number" && count > 0)
    .map(([state, count]) => `${lamps[state] ?? state} ${count}`)
    .join(" · ");
}

function speed(context: Context, kmh: unknown): string {
  return typeof kmh === "number" ? `${numberText(kmh, 0.1, context.language)}\u00a0km/h` : "";
}

/** Shares of a network's length such as `{"1": 80.5, "5": 2.1}`, in the levels' words. */
function shares(context: Context, indicator: string, told: unknown): string {
  if (typeof told !== "object" || told === null) return "";
  const levels = context.world.indicators.get(indicator)?.levels ?? [];
  return Object.entries(told)
    .map(([number, share]) => {
      const level = levels.find((each) => String(each.level) === number);
      return `${nameIn(level?.label, context.language, number)} ${Number(share)}%`;
    })
    .join(" · ");
}

/** A measurement such as `{"metric": "co", "value": 31.2, "tier": 3}` in words. */
function measurement(context: Context, indicator: string, told: unknown): string {
  const { metric, value, tier } = (told ?? {}) as Detail;
  if (typeof metric !== "string" || typeof value !== "number") return "";
  const { language, world } = context;
  const spec = world.spec("utility-tunnel", metric);
  const level = world.indicators.get(indicator)?.levels.find((each) => each.level === tier);
  const text = `${metricText(spec, value, language)}${spaced(unitText(spec?.unit ?? ""))}`;
  const name = nameIn(spec?.names, language, metric);
  return `${name} ${text} (${nameIn(level?.label, language, String(tier))})`;
}

/** The tier of each measurement, such as `{"o2_pct": 1, "co": 3}`, the worst first. */
function tiers(context: Context, indicator: string, told: unknown): string {
  if (typeof told !== "object" || told === null) return "";
  const { language, world } = context;
  const levels = world.indicators.get(indicator)?.levels ?? [];
  return Object.entries(told)
    .sort(([, a], [, b]) => Number(b) - Number(a))
    .map(([metric, tier]) => {
      const level = levels.find((each) => each.level === tier);
      const name = nameIn(world.spec("utility-tunnel", metric)?.names, language, metric);
      return `${name} ${nameIn(level?.label, language, String(tier))}`;
    })
    .join(" · ");
}

const LISTED = 4;

/** Compartments beyond a limit, by name, with what is wrong in each. */
function beyond(context: Context, indicator: string, told: unknown): string {
  if (!Array.isArray(told)) return "";
  const named = told.slice(0, LISTED).map((each: Detail) => {
    const name = lineName(context, String(each["entity"]));
    return `${name}: ${measurement(context, indicator, each)}`;
  });
  return [...named, ...(told.length > LISTED ? ["…"] : [])].join("; ");
}

function partOf(context: Context, part: unknown, total: unknown): string {
  if (typeof part !== "number" || typeof total !== "number") return "";
  return context.s.ofTotal(part, total);
}

/** The facts of roads, tunnels and meters. */
function networkFacts(context: Context, indicator: string, detail: Detail): Fact[] {
  const { s } = context;
  const free = detail["free_flow"] as Detail | undefined;
  return [
    [s.meanSpeed, speed(context, detail["speed_kmh"])],
    [s.linkFacts.free_speed_kmh, speed(context, free?.["kmh"])],
    [s.lengthByLevel, shares(context, indicator, detail["length_pct_by_level"])],
    [s.worstMeasurement, measurement(context, indicator, detail["worst"])],
    [s.tiers, tiers(context, indicator, detail["tiers"])],
    [s.beyondLimits, beyond(context, indicator, detail["beyond"])],
    [s.metersReporting, partOf(context, detail["reporting"], detail["meters"])],
  ];
}

/** What a measurement is called: a pollutant's formula, else the catalogue's name. */
function inputs(context: Context, codes: unknown): string {
  if (!Array.isArray(codes)) return "";
  const { world, language } = context;
  return codes
    .map(String)
    .map((code) =>
      nameIn(world.spec("utility-tunnel", code)?.names, language, POLLUTANTS[code] ?? code),
    )
    .join(", ");
}

/** The facts in a sign's detail; what is not understood is left out. */
export function detailFacts(context: Context, indicator: string, detail: Detail): Fact[] {
  const { s } = context;
  const isAir = indicator.startsWith("air.");
  const basis = { reference: s.basisReference, indicative: s.basisIndicative }[
    String(detail["basis"])
  ];
  const facts: Fact[] = [
    [s.basis, basis ?? ""],
    [s.primary, pollutants(detail["primary"])],
    [s.subIndices, subIndices(detail["iaqi"], context)],
    [s.missing, isAir ? pollutants(detail["missing"]) : inputs(context, detail["missing"])],
    [s.lampStates, indicator.startsWith("lighting.") ? lampCounts(detail["counts"], s) : ""],
    ...networkFacts(context, indicator, detail),
  ];
  return facts.filter(([, fact]) => fact !== "");
}
