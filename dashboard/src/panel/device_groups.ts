/** Devices by kind: how many of each report, and the list of a kind once it is opened. */

import type { Device } from "../devices";
import { isLive } from "../devices";
import { h, setText } from "../dom";
import { nameIn } from "../i18n";
import { DeviceList, sortDevices } from "./device_list";
import type { Context } from "./view";

interface Group {
  readonly profile: string;
  readonly root: HTMLDetailsElement;
  readonly count: HTMLElement;
  readonly list: DeviceList;
}

/** Which kinds the reader has open, kept while the page lives. */
const open = new Set<string>();

/** The devices of an area, kind by kind; a list is made when it is opened. */
export class DeviceGroups {
  readonly root = h("section", { class: "device-groups" });
  private groups: readonly Group[] = [];

  constructor(
    private readonly context: Context,
    private readonly devices: () => Device[],
  ) {
    this.replace();
  }

  /** The set of devices may be another one now. */
  replace(): void {
    const devices = this.devices();
    const kinds = [...this.context.world.profiles.keys()].filter((profile) =>
      devices.some((device) => device.profile === profile),
    );
    const known = this.groups.map((group) => group.profile);
    if (kinds.join() !== known.join() || !kinds.length) this.build(kinds);
    for (const group of this.groups) {
      if (group.root.open) group.list.replace(this.sorted(group.profile, devices));
    }
  }

  /** Brings counts, states and ages up to date. */
  tick(): void {
    const devices = this.devices();
    for (const { profile, count, list, root } of this.groups) {
      const kind = devices.filter((device) => device.profile === profile);
      const live = kind.filter((device) => isLive(device.state)).length;
      setText(count, `${live}/${kind.length} ${this.context.s.live}`);
      if (root.open) list.tick();
    }
  }

  private build(kinds: readonly string[]): void {
    const { s } = this.context;
    this.groups = kinds.map((profile) => this.group(profile, kinds.length === 1));
    const none = kinds.length ? [] : [h("p", { class: "empty" }, s.noDevices)];
    this.root.replaceChildren(
      h("h3", {}, s.devices),
      ...none,
      ...this.groups.map((group) => group.root),
    );
  }

  private group(profile: string, isOnly: boolean): Group {
    const { world, language } = this.context;
    const name = nameIn(world.profiles.get(profile)?.names, language, profile);
    const count = h("span", { class: "hint" });
    const list = new DeviceList(this.context);
    const isOpen = isOnly || open.has(profile);
    const root = h(
      "details",
      { open: isOpen, "data-kind": profile },
      h("summary", {}, name, " ", count),
      list.root,
    );
    if (isOpen) list.show(this.sorted(profile, this.devices()));
    root.addEventListener("toggle", () => {
      if (!root.open) open.delete(profile);
      else open.add(profile);
      if (root.open) list.replace(this.sorted(profile, this.devices()));
    });
    return { profile, root, count, list };
  }

  private sorted(profile: string, devices: readonly Device[]): Device[] {
    const kind = devices.filter((device) => device.profile === profile);
    return sortDevices(this.context, kind);
  }
}
