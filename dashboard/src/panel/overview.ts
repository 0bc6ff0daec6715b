/** The city at a glance: counters, districts, roads or tunnels from the worst, a way to find a device. */

import { areLampsOff } from "../devices";
import { button, h, setAttribute, setText } from "../dom";
import { ageText, numberText } from "../format";
import { type Family, MAIN_SIGN } from "../lines";
import { LISTS } from "../route";
import { isAlarm } from "../signs";
import type { Change } from "../world";
import { fleetCounts } from "../world";
import { DeviceList, sortDevices } from "./device_list";
import { DistrictTable } from "./district_table";
import { RouteLists } from "./overview_lists";
import { type Context, deviceName, type View } from "./view";

class Counter {
  private readonly figure = h("span", { class: "figure" });
  private readonly label: HTMLElement;
  readonly root: HTMLElement;

  /** @param choose what a click does; without it the counter is no button */
  constructor(label: string, name: string, choose?: () => void) {
    this.label = h("span", {}, label);
    const attributes = { class: "counter", "data-counter": name };
    this.root = choose
      ? button(this.figure, choose, { ...attributes, "data-focus": name })
      : h("div", attributes, this.figure);
    this.root.append(this.label);
  }

  /** Says something else of the figure than at first. */
  name(label: string): void {
    setText(this.label, label);
  }

  show(text: string, alarming = false): void {
    setText(this.figure, text);
    setAttribute(this.root, "data-alarming", alarming ? "" : null);
  }
}

/** Nothing is selected: the whole city. */
export class Overview implements View {
  readonly root = h("section", { class: "view overview" });
  private readonly live: Counter;
  private readonly stale: Counter;
  private readonly lamps: Counter;
  private readonly rate: Counter;
  private readonly sensors: Counter;
  private readonly roads: Counter;
  private readonly tunnels: Counter;
  private readonly lists: DistrictTable | RouteLists;
  private readonly list: DeviceList;
  private readonly found = h("p", { class: "hint", role: "status" });

  constructor(private readonly context: Context) {
    const { s } = context;
    this.live = new Counter(s.devicesLive, "live");
    this.stale = new Counter(s.devicesStale, "stale");
    this.lamps = new Counter(s.lampsFailed, "lamps-failed");
    this.rate = new Counter(s.readingsPerMinute, "rate");
    this.sensors = new Counter(s.sensorsFailed(0), "sensors-failed", () => this.listFlagged());
    this.roads = new Counter(s.linksAlarming, "roads-alarming");
    this.tunnels = new Counter(s.compartmentsAlarming, "tunnels-alarming");
    this.list = new DeviceList(context);
    const { list } = context.route;
    this.lists =
      list === "districts"
        ? new DistrictTable(context)
        : new RouteLists(context, list === "roads" ? "road" : "tunnel");
    this.root.append(
      h("h2", { tabindex: -1 }, s.cityOverview),
      h(
        "div",
        { class: "counters" },
        this.live.root,
        this.stale.root,
        this.rate.root,
        this.lamps.root,
        this.sensors.root,
        this.roads.root,
        this.tunnels.root,
      ),
      this.search(),
      this.listChoice(),
      this.lists.root,
    );
    this.update(null);
  }

  update(change: Change | null): void {
    if (change?.signs) this.lists.update();
    if (change && !change.signs) return; // counters wait for the tick of the second
    const { world, language, s } = this.context;
    const counts = fleetCounts(world.devices.values());
    const whole = (n: number) => numberText(n, 1, language);
    this.live.show(`${whole(counts.live)} / ${whole(counts.total)}`);
    this.stale.show(whole(counts.total - counts.live), counts.total > counts.live);
    const isDark = counts.lampsFailed === 0 && areLampsOff(world.signs.values());
    this.lamps.show(isDark ? "—" : whole(counts.lampsFailed), counts.lampsFailed > 0);
    this.lamps.name(isDark ? s.lampsUnknown : s.lampsFailed);
    this.sensors.show(whole(counts.sensorsFailed), counts.sensorsFailed > 0);
    this.sensors.name(s.sensorsFailed(counts.sensorsSuspect));
    this.showRate();
    const [congested, beyond] = [this.alarming("road"), this.alarming("tunnel")];
    this.roads.show(whole(congested), congested > 0);
    this.tunnels.show(whole(beyond), beyond > 0);
    if (this.lists instanceof DistrictTable) this.lists.count();
    this.list.tick();
  }

  destroy(): void {}

  /** Readings per minute and what time the figure is of. */
  private showRate(): void {
    const { world, language, s } = this.context;
    const rate = world.rate.perMinute(Date.now());
    this.rate.show(rate === null ? s.measuring : numberText(rate, 1, language));
    const window = ageText(world.rate.watchedS(Date.now()), s);
    this.rate.name(rate === null ? s.readingsPerMinute : s.readingsPerMinuteOver(window));
  }

  /** How many links of a family stand at a level that counts as an alarm. */
  private alarming(family: Family): number {
    const { world } = this.context;
    const indicator = world.indicators.get(MAIN_SIGN[family]);
    let count = 0;
    for (const line of world.lines.values()) {
      if (line.kind !== "link" || line.family !== family) continue;
      if (isAlarm(indicator, world.sign(line.code, MAIN_SIGN[family]))) count += 1;
    }
    return count;
  }

  private listChoice(): HTMLElement {
    const { s, route, go } = this.context;
    const group = h("div", { class: "segmented lists", role: "group", "aria-label": s.listChoice });
    for (const list of LISTS) {
      group.append(
        button(s.lists[list], () => go({ list }), {
          "aria-pressed": String(list === route.list),
          "data-focus": `list ${list}`,
        }),
      );
    }
    return group;
  }

  private search(): HTMLElement {
    const { s } = this.context;
    const input = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    input.addEventListener("input", () => this.find(input.value));
    this.list.root.hidden = true;
    return h(
      "div",
      { class: "search", role: "search" },
      h("label", {}, h("span", {}, s.find), input),
      this.found,
      this.list.root,
    );
  }

  /** Lists the devices with failed or suspect sensors where the search lists what it found. */
  private listFlagged(): void {
    const { world, s } = this.context;
    const hits = [...world.devices.values()].filter((device) => device.flag !== "good");
    setText(this.found, s.foundFlagged(hits.length));
    this.list.root.hidden = !hits.length;
    this.list.show(sortDevices(this.context, hits));
  }

  private find(text: string): void {
    const wanted = text.trim().toLowerCase();
    const asCode = wanted.replace(/[\s-]/g, "").toUpperCase();
    const { world, s } = this.context;
    const hits = wanted
      ? [...world.devices.values()].filter(
          (device) =>
            device.code.includes(asCode) ||
            (device.mountedOn?.includes(asCode) ?? false) ||
            deviceName(this.context, device.code).toLowerCase().includes(wanted),
        )
      : [];
    setText(this.found, wanted ? s.found(hits.length) : "");
    this.list.root.hidden = !hits.length;
    this.list.show(sortDevices(this.context, hits));
  }
}
