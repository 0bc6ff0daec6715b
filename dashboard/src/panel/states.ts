/** Panels for when there is nothing to show yet, or not what was asked for. */

import { get, type Problem } from "../api";
import { button, h } from "../dom";
import { asProblem, codeLink, problemBox } from "./parts";
import type { Context, View } from "./view";

/** Everything is still on its way. */
export class LoadingView implements View {
  readonly root: HTMLElement;

  constructor(context: Context) {
    const lines = [0, 1, 2, 3, 4].map(() => h("div", { class: "skeleton", "aria-hidden": "true" }));
    this.root = h(
      "section",
      { class: "view", "aria-busy": "true" },
      h("h2", { tabindex: -1 }, context.s.loading),
      ...lines,
    );
  }

  update(): void {}
  destroy(): void {}
}

/** The city could not be loaded. */
export class FailedView implements View {
  readonly root: HTMLElement;

  constructor(context: Context, problem: Problem) {
    const retry = () => void context.world.load();
    this.root = h(
      "section",
      { class: "view" },
      h("h2", { tabindex: -1 }, context.s.cityOverview),
      problemBox(context.s.whatCity, problem, context.s, retry),
    );
  }

  update(): void {}
  destroy(): void {}
}

/** The address names something that is neither a district nor a device here. */
export class UnknownView implements View {
  readonly root = h("section", { class: "view" });
  private readonly abort = new AbortController();

  constructor(context: Context, code: string) {
    const { s } = context;
    this.root.append(
      h(
        "nav",
        { class: "crumbs" },
        button(`‹ ${s.backToCity}`, () => context.go({ at: null })),
      ),
      h("h2", { tabindex: -1 }, code),
      h("p", {}, s.unknownCode(code)),
    );
    void this.ask(context, code);
  }

  update(): void {}

  destroy(): void {
    this.abort.abort();
  }

  /** The registry may know it all the same, or can say why not. */
  private async ask(context: Context, code: string): Promise<void> {
    try {
      await get(`/api/v1/entities/${encodeURIComponent(code)}`, this.abort.signal);
      this.root.append(h("p", {}, codeLink(code, context.s)));
    } catch (error) {
      const problem = asProblem(error);
      if (!problem) return;
      const again = () => context.renew();
      this.root.append(problemBox(context.s.whatEntity, problem, context.s, again));
    }
  }
}
