/** What the axes of all charts share: their look, and times as they are read. */

import { type Language, localeOf } from "../i18n";
import type { Palette } from "../theme";

export const AXIS_FONT = "12px system-ui, sans-serif";

/** Lines and letters of an axis in the theme's colours. */
export function axisStyle(palette: Palette) {
  return {
    stroke: palette.muted,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1 },
    font: AXIS_FONT,
  };
}

/** Times on the axis: hours and minutes, the date where a day begins or days are the step. */
export function timeTicks(ticks: readonly number[], stepS: number, language: Language): string[] {
  const locale = localeOf(language);
  const date = new Intl.DateTimeFormat(locale, { month: "numeric", day: "numeric" });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    ...(stepS < 60 ? { second: "2-digit" } : {}),
    hourCycle: "h23",
  });
  return ticks.map((tick) => {
    const at = new Date(tick * 1000);
    const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
    return (isMidnight || stepS >= 86_400 ? date : clock).format(at);
  });
}
