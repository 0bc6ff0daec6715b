import { describe, expect, it } from "vitest";
import { nextPath } from "../src/api";
import { parseRoute, routeText } from "../src/route";

describe("the address", () => {
  it("survives a round trip", () => {
    const text =
      "?at=D7K3K4WTH&list=roads&sign=air.aqi&hide=poles,meters&metric=pm25&range=24h&lang=zh";
    expect(routeText(parseRoute(text))).toBe(text);
  });

  it("takes codes in lower case and falls back from an unknown range", () => {
    expect(parseRoute("?at=d7k3k4wth&range=9y")).toMatchObject({ at: "D7K3K4WTH", range: "1h" });
  });

  it("falls back from an unknown list, and ignores layers there are not", () => {
    const route = parseRoute("?list=rivers&hide=roads,clouds");
    expect(route.list).toBe("districts");
    expect([...route.hide]).toEqual(["roads"]);
  });

  it("leaves out what is default", () => {
    expect(routeText(parseRoute(""))).toBe("");
    expect(routeText(parseRoute("?metric=pm25&range=1h"))).toBe("");
  });
});

describe("the next page", () => {
  it("stays on our own origin", () => {
    const links = [{ rel: "next", href: "http://elsewhere.example/api/v1/devices?cursor=x%3D" }];
    expect(nextPath(links)).toBe("/api/v1/devices?cursor=x%3D");
  });

  it("is none without a link", () => {
    expect(nextPath([{ rel: "self", href: "/" }])).toBeNull();
    expect(nextPath(undefined)).toBeNull();
  });
});
