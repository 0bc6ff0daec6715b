/** One device: what it is and stands on, each metric's newest value, and a chart of one of them. */

import { serverNow } from "../api";
import type { Device } from "../devices";
import { button, h, setText } from "../dom";
import { ageText, clockText } from "../format";
import { nameIn } from "../i18n";
import type { Change } from "../world";
import { DevicePart } from "./device_part";
import { codeLink, StateMark } from "./parts";
import { areaName, type Context, crumb, deviceName, lineName, type View } from "./view";

/** A device is selected. */
export class DeviceView implements View {
  readonly root = h("section", { class: "view device" });
  private readonly mark: StateMark;
  private readonly lastReport = h("dd");
  private readonly part: DevicePart;

  constructor(
    private readonly context: Context,
    private readonly code: string,
  ) {
    this.mark = new StateMark(context);
    this.part = new DevicePart(context, this.device, (metric) => context.go({ metric }));
    this.root.append(
      this.crumbs(),
      h("h2", { tabindex: -1 }, deviceName(context, code)),
      this.facts(),
      this.part.chart.root,
      this.part.table.root,
    );
    this.update(null);
  }

  private get device(): Device {
    const device = this.context.world.devices.get(this.code);
    if (!device) throw new Error(`the panel of ${this.code} outlived its device`);
    return device;
  }

  update(change: Change | null): void {
    if (!this.context.world.devices.has(this.code)) return;
    if (this.part.isOutgrown) {
      this.context.renew();
      return;
    }
    if (change) this.part.follow(change);
    else this.part.tick();
    if (change && !change.values.has(this.code) && !change.states.has(this.code)) return;
    this.mark.show(this.device);
    this.showLastReport(this.device);
  }

  destroy(): void {
    this.part.destroy();
  }

  private crumbs(): HTMLElement {
    const { context } = this;
    const { district, mountedOn } = this.device;
    const crumbs = h("nav", { class: "crumbs" }, crumb(context, null, context.s.backToCity));
    if (district && context.world.areas.has(district)) {
      crumbs.append(crumb(context, district, areaName(context, district)));
    }
    if (mountedOn && context.world.lines.has(mountedOn)) {
      crumbs.append(crumb(context, mountedOn, lineName(context, mountedOn)));
    }
    return crumbs;
  }

  private facts(): HTMLElement {
    const { s, world, language, locate } = this.context;
    const { device } = this;
    const profile = nameIn(world.profiles.get(device.profile)?.names, language, device.profile);
    const facts = h("dl", { class: "facts" });
    const add = (term: string, ...fact: (Node | string)[]) =>
      facts.append(h("dt", {}, term), h("dd", {}, ...fact));
    facts.append(h("dt", {}, s.lastReport), this.lastReport);
    add(s.code, codeLink(device.code, s));
    if (device.mountedOn) add(s.mountedOn, codeLink(device.mountedOn, s));
    add(s.profile, profile);
    const show = button(s.zoomTo, () => locate(device.code), { class: "link" });
    return h("div", {}, h("p", { class: "under" }, this.mark.root, show), facts);
  }

  private showLastReport(device: Device): void {
    const { s, language } = this.context;
    if (device.lastMs === null) {
      setText(this.lastReport, s.never);
      return;
    }
    const age = ageText((serverNow() - device.lastMs) / 1000, s);
    const at = clockText(new Date(device.lastMs), new Date(), language);
    setText(this.lastReport, `${at} (${age})`);
  }
}
