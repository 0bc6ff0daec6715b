/** Devices as a list: the worst first, a part at a time, ages ticking. */

import { serverNow } from "../api";
import type { Device, DeviceState } from "../devices";
import { button, h, setText } from "../dom";
import { ageText, printedCode } from "../format";
import { StateMark } from "./parts";
import { type Context, deviceName } from "./view";

const STEP = 40;
const ORDER: Readonly<Record<DeviceState, number>> = {
  "lamp-failed": 0,
  silent: 1,
  stale: 2,
  live: 3,
  "lamp-on": 3,
};

const FLAG_ORDER = { fail: 0.5, suspect: 2.5 } as const; // what a device that reports is moved up to

interface Row {
  readonly device: Device;
  readonly mark: StateMark;
  readonly age: HTMLElement;
}

function rank({ state, flag }: Device): number {
  return flag === "good" ? ORDER[state] : Math.min(ORDER[state], FLAG_ORDER[flag]);
}

/** Worst state first, then by name. */
export function sortDevices(context: Context, devices: readonly Device[]): Device[] {
  const collator = new Intl.Collator(context.language, { numeric: true });
  const named = devices.map((device) => ({ device, name: deviceName(context, device.code) }));
  named.sort((a, b) => rank(a.device) - rank(b.device) || collator.compare(a.name, b.name));
  return named.map(({ device }) => device);
}

/** A list of devices as buttons that select them. */
export class DeviceList {
  readonly root = h("div", { class: "device-list" });
  private rows: Row[] = [];
  private shown = STEP;
  private devices: readonly Device[] = [];

  constructor(private readonly context: Context) {}

  /** Shows these devices, from the top. */
  show(devices: readonly Device[]): void {
    this.devices = devices;
    this.shown = STEP;
    this.build();
  }

  /** Shows these devices if they are others than before, as many as were shown. */
  replace(devices: readonly Device[]): void {
    const known = new Set(this.devices.map((device) => device.code));
    if (devices.length === known.size && devices.every((d) => known.has(d.code))) return;
    this.devices = devices;
    this.build();
  }

  /** Brings states and ages up to date without moving rows under the reader's hand. */
  tick(): void {
    const nowMs = serverNow();
    for (const { device, mark, age } of this.rows) {
      const current = this.context.world.devices.get(device.code) ?? device;
      mark.show(current);
      const text =
        current.lastMs === null ? "—" : ageText((nowMs - current.lastMs) / 1000, this.context.s);
      setText(age, text);
    }
  }

  private build(): void {
    const { s } = this.context;
    if (!this.devices.length) {
      this.rows = [];
      this.root.replaceChildren(h("p", { class: "empty" }, s.noDevices));
      return;
    }
    const list = h("ul", { role: "list" });
    this.rows = this.devices.slice(0, this.shown).map((device) => this.row(device, list));
    const rest = Math.min(STEP, this.devices.length - this.shown);
    const more = rest > 0 ? button(s.showMore(rest), () => this.more(), { class: "more" }) : null;
    this.root.replaceChildren(list, ...(more ? [more] : []));
    this.tick();
  }

  private more(): void {
    const first = this.shown;
    this.shown += STEP;
    this.build();
    this.root.querySelectorAll<HTMLButtonElement>("li button")[first]?.focus();
  }

  private row(device: Device, list: HTMLElement): Row {
    const mark = new StateMark(this.context);
    const age = h("span", { class: "age" });
    const name = deviceName(this.context, device.code);
    const line = h(
      "span",
      { class: "device-line" },
      h("span", { class: "name" }, name),
      h("span", { class: "code" }, name === device.code ? "" : printedCode(device.code)),
      mark.root,
      age,
    );
    const choose = button(line, () => this.context.go({ at: device.code, metric: null }));
    list.append(h("li", {}, choose));
    return { device, mark, age };
  }
}
