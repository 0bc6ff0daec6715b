/** What a sign was made of, in words, for the indicators whose detail this page understands. */

import { numberText } from "../format";
import type { Strings } from "../i18n";
import type { Context } from "./view";

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

/** The facts in a sign's detail; what is not understood is left out. */
export function detailFacts(context: Context, detail: Detail): Fact[] {
  const { s } = context;
  const basis = { reference: s.basisReference, indicative: s.basisIndicative }[
    String(detail["basis"])
  ];
  const facts: Fact[] = [
    [s.basis, basis ?? ""],
    [s.primary, pollutants(detail["primary"])],
    [s.subIndices, subIndices(detail["iaqi"], context)],
    [s.missing, pollutants(detail["missing"])],
    [s.lampStates, lampCounts(detail["counts"], s)],
  ];
  return facts.filter(([, fact]) => fact !== "");
}
