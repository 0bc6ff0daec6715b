/** Values, ages, codes and units as people read them. Pure. */

import type { MetricSpec } from "./contract";
import { type Language, localeOf, nameIn, type Strings } from "./i18n";

const UNITS: Readonly<Record<string, string>> = {
  "ug/m3": "µg/m³",
  "mg/m3": "mg/m³",
  "dB[SPL]": "dB",
  Cel: "°C",
  deg: "°",
  "kW.h": "kWh",
  m3: "m³",
  "m3/h": "m³/h",
  "{veh}/h": "veh/h",
  "%{LEL}": "% LEL",
  "1": "",
};

const GROUP_BY_LENGTH: Readonly<Record<number, number>> = { 9: 3, 12: 3, 16: 4 };

/** A UCUM code as it is printed: `ug/m3` becomes `µg/m³`; a pure number has none. */
export function unitText(ucum: string): string {
  return UNITS[ucum] ?? ucum;
}

/** A number with as many decimals as the instrument resolves. */
export function numberText(value: number, resolution: number, language: Language): string {
  const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(resolution) - 1e-9)));
  return new Intl.NumberFormat(localeOf(language), {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value);
}

/** A metric's value without its unit; for a coded state, what the code means. */
export function metricText(
  spec: MetricSpec | undefined,
  value: number,
  language: Language,
): string {
  const state = spec?.states?.[String(value)];
  if (state) return nameIn(state, language, String(value));
  return numberText(value, spec?.resolution ?? 0.01, language);
}

/** A duration in its largest whole unit; never negative. */
export function ageText(seconds: number, s: Strings): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return s.seconds(whole);
  if (whole < 7200) return s.minutes(Math.floor(whole / 60));
  if (whole < 172_800) return s.hours(Math.floor(whole / 3600));
  return s.days(Math.floor(whole / 86_400));
}

/** A code in the groups of its plate: `C7K3K4WTB` becomes `C7K-3K4-WTB`. */
export function printedCode(code: string): string {
  const step = GROUP_BY_LENGTH[code.length];
  if (!step) return code;
  return (code.match(new RegExp(`.{1,${step}}`, "g")) ?? [code]).join("-");
}

/** A share from 0 to 1 as whole per cent. */
export function percentText(share: number, language: Language): string {
  return new Intl.NumberFormat(localeOf(language), {
    style: "percent",
    maximumFractionDigits: 0,
  }).format(share);
}

/** Time of day on a 24-hour clock, with the date when it is not today's. */
export function clockText(at: Date, now: Date, language: Language): string {
  return timeText(at, now, language, { second: "2-digit" });
}

/** An hour by the instant that names it, e.g. `03:00`, with the date when it is not today's. */
export function hourText(at: Date, now: Date, language: Language): string {
  return timeText(at, now, language, {});
}

function timeText(
  at: Date,
  now: Date,
  language: Language,
  finer: Intl.DateTimeFormatOptions,
): string {
  const sameDay = at.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(localeOf(language), {
    ...(sameDay ? {} : { month: "short", day: "numeric" }),
    hour: "2-digit",
    minute: "2-digit",
    ...finer,
    hourCycle: "h23",
  }).format(at);
}

/** The reader's time zone with its offset at this instant, e.g. `Asia/Shanghai (UTC+8)`. */
export function zoneText(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  const offset = minutes === 0 ? "UTC" : `UTC${sign}${hours}${rest ? `:${rest}` : ""}`;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === "UTC" ? "UTC" : `${zone} (${offset})`;
}
