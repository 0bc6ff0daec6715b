import { describe, expect, it } from "vitest";
import { nameIn, startLanguage, strings } from "../src/i18n";

/** All texts with their paths; functions are called with a sample. */
function flatten(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String(value("7", "8", "9"))]];
  return Object.entries(value as object).flatMap(([key, child]) =>
    flatten(child, `${path}/${key}`),
  );
}

describe("dictionaries", () => {
  it("have the same texts in both languages, none empty", () => {
    const zh = flatten(strings("zh"));
    const en = flatten(strings("en"));
    expect(zh.map(([path]) => path)).toEqual(en.map(([path]) => path));
    for (const [path, text] of [...zh, ...en]) expect(text, path).not.toBe("");
  });

  it("leave no English sentence in the Chinese one", () => {
    for (const [path, text] of flatten(strings("zh"))) {
      if (path === "/languageSwitch") continue; // names the other language, in that language
      expect(text, path).not.toMatch(/[a-z]{3,} [a-z]{3,}/);
    }
  });
});

describe("the language to start with", () => {
  it.each([
    ["en", "zh", "zh-CN", "en"],
    [null, "zh", "en-GB", "zh"],
    [null, null, "zh-TW", "zh"],
    [null, null, "fr-FR", "en"],
    ["fr", "klingon", "zh-CN", "zh"],
  ] as const)("asked %s, remembered %s, browser %s: %s", (asked, kept, browser, expected) => {
    expect(startLanguage(asked, kept, browser)).toBe(expected);
  });
});

describe("names from the registry", () => {
  it("fall back to the other language, then to the code", () => {
    expect(nameIn({ zh: "东城区" }, "en", "A1")).toBe("东城区");
    expect(nameIn({}, "en", "A1")).toBe("A1");
    expect(nameIn(null, "zh", "A1")).toBe("A1");
  });
});
