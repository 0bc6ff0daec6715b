/** The page: header, map and panel, kept in step with the world and the address. */

import "maplibre-gl/dist/maplibre-gl.css";
import type { Names } from "./contract";
import { button, h, setText } from "./dom";
import { type Language, nameIn, type Strings, startLanguage, strings } from "./i18n";
import { districtIndicators, legend } from "./legend";
import { sectionOf } from "./lines";
import { CityMap, type Target } from "./map/city_map";
import { DeviceView } from "./panel/device";
import { District } from "./panel/district";
import { LineRouteView } from "./panel/line_route";
import { LinkView } from "./panel/link";
import { Overview } from "./panel/overview";
import { signText, signValueText } from "./panel/parts";
import { FailedView, LoadingView, UnknownView } from "./panel/states";
import { areaName, type Context, lineName, type View } from "./panel/view";
import { parseRoute, type Route, routeText } from "./route";
import { StatusChip } from "./status";
import { applyTheme, nextTheme, onSystemTheme, PALETTES, theme, themeChoice } from "./theme";
import { Tooltip } from "./tooltip";
import type { Change, World } from "./world";

const LANGUAGE_KEY = "citypulse.language";
const NARROW_PX = 760;
const canHover = window.matchMedia("(hover: hover)");

/** Owns the page's elements and the current route. */
export class App {
  private route: Route = parseRoute(location.search);
  private language: Language = startLanguage(
    this.route.lang,
    localStorage.getItem(LANGUAGE_KEY),
    navigator.language,
  );
  private readonly header = h("header", { class: "top" });
  private readonly cityLabel = h("small");
  private readonly mapBox = h("div", { class: "map" });
  private readonly legendBox = h("div");
  private readonly zoomBox = h("div", { class: "zoom" });
  private readonly panel = h("main", { class: "panel", id: "panel", tabindex: -1 });
  private readonly mapArea = h("section", { class: "map-area" });
  private readonly tooltip = new Tooltip();
  private status: StatusChip;
  private map: CityMap | null = null;
  private view: View | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly world: World,
  ) {
    this.status = new StatusChip(world, this.s, this.language);
  }

  start(): void {
    applyTheme();
    this.mapArea.append(this.mapBox, this.legendBox, this.zoomBox, this.tooltip.root);
    this.root.append(this.header, this.mapArea, this.panel);
    this.dress();
    this.startMap();
    this.renew();
    this.world.onChange((change) => this.follow(change));
    window.setInterval(() => this.tick(), 1000);
    window.addEventListener("popstate", () => this.arrive(parseRoute(location.search)));
    onSystemTheme(() => this.repaint());
    void this.world.load();
  }

  private get s(): Strings {
    return strings(this.language);
  }

  private context(): Context {
    return {
      world: this.world,
      s: this.s,
      language: this.language,
      palette: PALETTES[theme()],
      route: this.route,
      go: (change) => this.go(change),
      renew: () => this.renew(),
      locate: (code) => this.locate(code),
    };
  }

  private startMap(): void {
    const labels = {
      name: (code: string) => areaName(this.context(), code),
      sign: (code: string) => this.mapLabel(code),
      short: (code: string) => this.mapValue(code),
      line: (code: string) => this.lineLabel(code),
      attribution: () => this.attribution(),
    };
    const events = {
      picked: (target: Target | null) => this.picked(target),
      hovered: (target: Target | null, x: number, y: number) =>
        this.tooltip.show(this.context(), canHover.matches ? target : null, x, y),
    };
    try {
      this.map = new CityMap(this.mapBox, this.world, PALETTES[theme()], labels, events);
      this.map.describe(`${this.s.map}. ${this.s.mapHelp}`);
    } catch {
      // Without WebGL the constructor throws, and there is nothing to do but say so.
      this.mapBox.replaceChildren(h("p", { class: "empty", role: "alert" }, this.s.mapFailed));
    }
  }

  private attribution(): string {
    const texts = this.world.cities.map((city) =>
      nameIn(city.attributes?.["attribution"] as Names | undefined, this.language, ""),
    );
    return texts.filter(Boolean).join(" · ");
  }

  private cityNames(): string {
    const names = this.world.cities.map((city) => nameIn(city.name, this.language, city.code));
    return names.join(" · ") || this.s.subtitle;
  }

  private mapValue(code: string): string {
    const indicator = this.route.sign ?? "";
    return signValueText(this.context(), indicator, this.world.sign(code, indicator));
  }

  private mapLabel(code: string): string {
    const indicator = this.route.sign ?? "";
    return signText(this.context(), indicator, this.world.sign(code, indicator));
  }

  /** Along a road stands the road's name, along a compartment its own. */
  private lineLabel(code: string): string {
    const line = this.world.lines.get(code);
    const isNumbered = line !== undefined && sectionOf(line) !== null;
    return lineName(this.context(), isNumbered ? code : (line?.route ?? code));
  }

  private picked(target: Target | null): void {
    const code = target?.code ?? null;
    if (code !== this.route.at) this.go({ at: code, metric: null });
  }

  /** Goes somewhere by the reader's hand: a new selection is a step that Back undoes. */
  private go(change: Partial<Route>): void {
    const route = { ...this.route, ...change };
    const isStep = route.at !== this.route.at;
    const address = routeText(route) || location.pathname;
    if (isStep) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.arrive(route);
    if (isStep) this.panel.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }

  private arrive(route: Route): void {
    const before = this.route;
    this.route = { ...route, sign: this.knownSign(route.sign) };
    if (this.route.sign !== before.sign) {
      this.map?.show(this.route.sign ?? "");
      this.renewLegend();
    }
    if (String([...this.route.hide]) !== String([...before.hide])) {
      this.map?.hide(this.route.hide);
      this.renewLegend();
    }
    this.renew();
    if (this.route.at === before.at) return;
    this.panel.scrollTop = 0;
    this.map?.pick(this.selectedCode());
    if (this.route.at && this.world.areas.has(this.route.at)) this.map?.fitArea(this.route.at);
    if (this.world.lines.get(this.route.at ?? "")?.kind === "route") {
      this.map?.fitLine(this.route.at ?? "");
    }
    if (!this.route.at) this.map?.fitCity();
  }

  private knownSign(asked: string | null): string | null {
    if (asked && this.world.indicators.has(asked)) return asked;
    return districtIndicators(this.context())[0] ?? asked;
  }

  /** The selection as the map knows it: a pole's code means the device on it. */
  private selectedCode(): string | null {
    const { at } = this.route;
    if (!at || this.world.areas.has(at) || this.world.lines.has(at)) return at;
    return this.world.deviceAt(at)?.code ?? null;
  }

  private locate(code: string): void {
    if (this.world.areas.has(code)) this.map?.fitArea(code);
    if (this.world.lines.has(code)) this.map?.fitLine(code);
    const device = this.world.devices.get(code);
    if (device) this.map?.goTo(device);
    if (this.root.clientWidth < NARROW_PX) this.mapArea.scrollIntoView({ block: "start" });
  }

  private follow(change: Change): void {
    const before = this.view;
    if (change.everything) this.arrived();
    this.map?.follow(change);
    if (this.view === before) this.view?.update(change);
  }

  /** The catalogue or the set of devices is another one now. */
  private arrived(): void {
    setText(this.cityLabel, this.cityNames());
    this.status.tick();
    const wasLoading = !(this.view instanceof Overview || this.view instanceof District);
    this.route = { ...this.route, sign: this.knownSign(this.route.sign) };
    this.map?.show(this.route.sign ?? "");
    this.map?.hide(this.route.hide);
    this.map?.pick(this.selectedCode());
    this.renewLegend();
    const isDeviceGone = this.view instanceof DeviceView && !this.selectedCode();
    if (isDeviceGone || (wasLoading && !(this.view instanceof DeviceView))) this.renew();
  }

  private tick(): void {
    this.status.tick();
    this.view?.update(null);
  }

  private renew(): void {
    const focused = document.activeElement?.getAttribute("data-focus") ?? null;
    const fresh = this.viewFor(this.context());
    this.view?.destroy();
    this.view = fresh;
    this.panel.replaceChildren(fresh.root);
    if (!focused) return;
    this.root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  private viewFor(context: Context): View {
    const { loading } = this.world;
    if (loading.kind === "loading") return new LoadingView(context);
    if (loading.kind === "failed") return new FailedView(context, loading.problem);
    const { at } = this.route;
    if (!at) return new Overview(context);
    if (this.world.areas.has(at)) return new District(context, at);
    const line = this.world.lines.get(at);
    if (line?.kind === "route") return new LineRouteView(context, line);
    if (line) return new LinkView(context, line);
    const device = this.world.deviceAt(at);
    return device ? new DeviceView(context, device.code) : new UnknownView(context, at);
  }

  private renewLegend(): void {
    const isWide = this.root.clientWidth >= NARROW_PX;
    const focused = document.activeElement?.getAttribute("data-focus") ?? null;
    this.legendBox.replaceChildren(legend(this.context(), isWide));
    if (focused) {
      this.legendBox.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  private speak(language: Language): void {
    this.language = language;
    localStorage.setItem(LANGUAGE_KEY, language);
    this.route = { ...this.route, lang: language };
    history.replaceState(null, "", routeText(this.route) || location.pathname);
    this.dress();
    this.map?.describe(`${this.s.map}. ${this.s.mapHelp}`);
    this.map?.draw();
    this.renewLegend();
    this.renew();
    this.header.querySelector<HTMLElement>("[data-language]")?.focus();
  }

  private repaint(): void {
    this.map?.paint(PALETTES[theme()]);
    this.dress();
    this.renewLegend();
    this.renew();
  }

  /** Everything outside map and panel that carries text. */
  private dress(): void {
    const { s } = this;
    document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en";
    document.title = s.title;
    setText(this.cityLabel, this.cityNames());
    this.status = new StatusChip(this.world, s, this.language);
    this.panel.setAttribute("aria-label", s.panel);
    this.mapArea.setAttribute("aria-label", s.map);
    const other = this.language === "zh" ? "en" : "zh";
    this.header.replaceChildren(
      h("a", { href: "#panel", class: "skip" }, s.skipToPanel),
      h("h1", {}, s.title, this.cityLabel),
      this.status.root,
      button(s.theme[themeChoice()], () => this.changeTheme(), { "data-theme-button": true }),
      button(s.languageSwitch, () => this.speak(other), {
        "data-language": other,
        lang: other === "zh" ? "zh-CN" : "en",
        "aria-label": s.languageSwitchLabel,
      }),
    );
    this.zoomBox.replaceChildren(
      button("+", () => this.map?.zoom(1), { "aria-label": s.zoomIn, title: s.zoomIn }),
      button("−", () => this.map?.zoom(-1), { "aria-label": s.zoomOut, title: s.zoomOut }),
      button("⤢", () => this.map?.fitCity(), { "aria-label": s.wholeCity, title: s.wholeCity }),
    );
  }

  private changeTheme(): void {
    nextTheme();
    this.repaint();
    this.header.querySelector<HTMLElement>("[data-theme-button]")?.focus();
  }
}
