/** Puts the licences of everything bundled beside the bundle, as those licences ask. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** The packages that the bundle is made of, by their place below node_modules. */
function bundled(root: string): [place: string, locked: Locked][] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(lock.packages).filter(
    ([place, locked]) =>
      !["", "node_modules/@types/geojson"].includes(place) &&
      !locked.dev &&
      !locked.optional &&
      existsSync(join(root, place)),
  );
}

function licenceText(folder: string): string {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying)/i.test(name));
  return files.map((name) => readFileSync(join(folder, name), "utf8").trim()).join("\n\n");
}

/** Emits `licences.txt`: name, version, kind and text of each package's licence. */
export function licences(): Plugin {
  const root = import.meta.dirname;
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const parts = bundled(root).map(([place, { version, license }]) => {
        const name = place.replace(/^.*node_modules\//, "");
        const kind = license ? ` (${license})` : "";
        return `${name} ${version}${kind}\n\n${licenceText(join(root, place))}\n`;
      });
      this.emitFile({
        type: "asset",
        fileName: "licences.txt",
        source: parts.join(`\n${"-".repeat(78)}\n\n`),
      });
    },
  };
}
