import { describe, expect, test } from "vitest";
import { isOwnOrigin, originRefusal } from "../../src/auth/same-origin.ts";

const url = new URL("https://app.example/api/v1/ai/runs");
const allowed = ["https://console.example"];

describe("origins", () => {
  test.each([
    [null, true],
    ["https://app.example", true],
    ["https://console.example", true],
    ["null", false],
    ["", false],
    ["http://app.example", false],
    ["https://app.example:8443", false],
    ["https://app.example.evil.com", false],
    ["https://evil-app.example", false],
    ["https://sub.app.example", false],
    ["https://app.example/", false],
    ["https://APP.example", false],
    ["https://evil.example", false],
  ])("%s is ours: %s", (origin, isOurs) => {
    const headers = new Headers(origin === null ? {} : { origin });
    expect(isOwnOrigin(headers, url, allowed)).toBe(isOurs);
    expect(originRefusal(headers, url, allowed)).toBe(isOurs ? null : "foreign_origin");
  });
});

describe("Sec-Fetch-Site", () => {
  test.each([
    ["same-origin", null],
    ["none", null],
    ["same-site", "cross_site"],
    ["cross-site", "cross_site"],
  ])("%s gives %s", (site, refusal) => {
    const headers = new Headers({ "sec-fetch-site": site, origin: "https://app.example" });
    expect(originRefusal(headers, url, allowed)).toBe(refusal);
  });
});
