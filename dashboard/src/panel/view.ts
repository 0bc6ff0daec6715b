/** What a panel is given and what it must offer. */

import { button } from "../dom";
import { type Language, nameIn, type Strings } from "../i18n";
import type { Route } from "../route";
import type { Palette } from "../theme";
import type { Change, World } from "../world";

/** Everything a panel may use; a new one is made when language, theme or selection change. */
export interface Context {
  readonly world: World;
  readonly s: Strings;
  readonly language: Language;
  readonly palette: Palette;
  readonly route: Route;
  /** Goes to another selection, metric or range, and notes it in the address. */
  go(change: Partial<Route>): void;
  /** Builds the panel anew, e.g. when a device sends a metric it never sent before. */
  renew(): void;
  /** Shows a district, a line or a device on the map. */
  locate(code: string): void;
}

/** A panel on the page. */
export interface View {
  readonly root: HTMLElement;
  /** Follows a frame's change, or the tick of a second (null): only texts that differ change. */
  update(change: Change | null): void;
  destroy(): void;
}

/** The name of an area in the reader's language. */
export function areaName(context: Context, code: string): string {
  return nameIn(context.world.areas.get(code)?.properties.name, context.language, code);
}

/** The name of a device, or its code where it has none. */
export function deviceName(context: Context, code: string): string {
  return nameIn(context.world.devices.get(code)?.name, context.language, code);
}

/** The name of a link or route, or its code where it has none. */
export function lineName(context: Context, code: string): string {
  return nameIn(context.world.lines.get(code)?.name, context.language, code);
}

/** What a link lies on or a device belongs to, as a way back to it. */
export function crumb(context: Context, at: string | null, name: string): HTMLElement {
  return button(`‹ ${name}`, () => context.go({ at, metric: null }), { class: "link" });
}
