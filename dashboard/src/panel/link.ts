/** A stretch of road or a tunnel's compartment: its signs, and what the devices on it measure. */

import type { Device } from "../devices";
import { button, h } from "../dom";
import { numberText, unitText } from "../format";
import { type Line, mediumOf } from "../lines";
import type { Change } from "../world";
import { DevicePart } from "./device_part";
import { codeLink, StateMark, spaced } from "./parts";
import { SignCard } from "./sign_card";
import { type Context, crumb, deviceName, lineName, type View } from "./view";

/** Attributes of a link that are facts worth reading, with their unit. */
const FACTS = [
  ["length_m", "m"],
  ["lanes", "1"],
  ["free_speed_kmh", "km/h"],
  ["width_m", "m"],
  ["height_m", "m"],
] as const;

interface Mounted {
  readonly device: Device;
  readonly mark: StateMark;
  readonly part: DevicePart;
}

/** A link is selected. */
export class LinkView implements View {
  readonly root: HTMLElement;
  private readonly cards: readonly SignCard[];
  private readonly mounted: readonly Mounted[];

  constructor(
    private readonly context: Context,
    private readonly line: Line,
  ) {
    const { s, world } = context;
    this.cards = world
      .indicatorsOf([line.code])
      .map((indicator) => new SignCard(context, line.code, indicator));
    this.mounted = world.devicesOn(line.code).map((device, place) => this.mount(device, place));
    this.root = h(
      "section",
      { class: "view link", "data-line": line.code },
      this.crumbs(),
      h("h2", { tabindex: -1 }, lineName(context, line.code)),
      h(
        "p",
        { class: "under" },
        codeLink(line.code, s),
        button(s.zoomTo, () => context.locate(line.code), { class: "link" }),
      ),
      this.facts(),
      ...this.cards.map((card) => card.root),
      ...(this.mounted.length
        ? this.mounted.flatMap((each) => this.section(each))
        : [h("p", { class: "empty" }, s.noDevices)]),
    );
    this.update(null);
  }

  update(change: Change | null): void {
    const isOutgrown =
      this.mounted.some(({ part }) => part.isOutgrown) ||
      this.context.world.indicatorsOf([this.line.code]).length !== this.cards.length;
    if (isOutgrown) {
      this.context.renew();
      return;
    }
    for (const { device, mark, part } of this.mounted) {
      if (change) part.follow(change);
      else part.tick();
      mark.show(this.context.world.devices.get(device.code) ?? device);
    }
    if (change && !change.signs) return;
    for (const card of this.cards) {
      card.update();
      if (!change) card.tick();
    }
  }

  destroy(): void {
    for (const card of this.cards) card.destroy();
    for (const { part } of this.mounted) part.destroy();
  }

  /** The chart is the first device's; another one's is on that device's own page. */
  private mount(device: Device, place: number): Mounted {
    const { context } = this;
    const at = place === 0 ? {} : { at: device.code };
    const choose = (metric: string) => context.go({ ...at, metric });
    return {
      device,
      mark: new StateMark(context),
      part: new DevicePart(context, device, choose),
    };
  }

  private section({ device, mark, part }: Mounted): HTMLElement[] {
    const name = deviceName(this.context, device.code);
    const choose = button(name, () => this.context.go({ at: device.code }), { class: "link" });
    const isFirst = this.mounted[0]?.device === device;
    return [
      h("p", { class: "under mounted" }, h("h3", {}, choose), mark.root),
      ...(isFirst ? [part.chart.root] : []),
      part.table.root,
    ];
  }

  private crumbs(): HTMLElement {
    const { context, line } = this;
    const crumbs = h("nav", { class: "crumbs" }, crumb(context, null, context.s.backToCity));
    if (line.route && context.world.lines.has(line.route)) {
      crumbs.append(crumb(context, line.route, lineName(context, line.route)));
    }
    return crumbs;
  }

  private facts(): HTMLElement {
    const { s, language } = this.context;
    const facts = h("dl", { class: "facts inline" });
    const medium = mediumOf(this.line);
    if (medium) facts.append(h("dt", {}, s.carries), h("dd", {}, s.media[medium]));
    for (const [name, unit] of FACTS) {
      const value = this.line.attributes[name];
      if (typeof value !== "number") continue;
      const text = numberText(value, Number.isInteger(value) ? 1 : 0.1, language);
      facts.append(h("dt", {}, s.linkFacts[name]), h("dd", {}, `${text}${spaced(unitText(unit))}`));
    }
    return facts;
  }
}
