import { describe, expect, test } from "vitest";
import { readCredential } from "../../src/auth/credential.ts";

const home = new URL("http://localhost:8787/api/v1/account");
const goodKey = `rl_key_${"0".repeat(26)}_${"s".repeat(43)}`;

function read(headers: Record<string, string>, search = "") {
  const url = new URL(home);
  url.search = search;
  return readCredential(new Headers(headers), url);
}

describe("reading a credential", () => {
  test("finds none, a bearer token or an Access assertion", () => {
    expect(read({})).toEqual({ kind: "none" });
    expect(read({ authorization: `Bearer ${goodKey}` })).toEqual({
      kind: "bearer",
      token: goodKey,
    });
    expect(read({ "cf-access-jwt-assertion": "a.b.c" })).toEqual({
      kind: "access",
      token: "a.b.c",
    });
  });

  test("lets an explicit key decide beside an assertion that a proxy added", () => {
    const both = { authorization: `Bearer ${goodKey}`, "cf-access-jwt-assertion": "a.b.c" };
    expect(read(both).kind).toBe("bearer");
  });

  test.each([
    "Bearer",
    "Bearer ",
    "Basic dXNlcjpwYXNz",
    "Bearer x' OR 1=1--",
    `Bearer ${goodKey}, Bearer ${goodKey}`,
    `Bearer ${goodKey},Bearer other`,
    `Bearer  ${goodKey}`,
    goodKey,
  ])("refuses %j instead of taking it for a missing credential", (authorization) => {
    expect(read({ authorization })).toEqual({ kind: "refused" });
  });

  test("refuses two Authorization headers", () => {
    const headers = new Headers();
    headers.append("authorization", `Bearer ${goodKey}`);
    headers.append("authorization", `Bearer ${goodKey}`);
    expect(readCredential(headers, home)).toEqual({ kind: "refused" });
  });

  test.each([
    `?api_key=${goodKey}`,
    `?anything=${goodKey}`,
    `?x=Bearer%20${goodKey}`,
    "?access_token=abc",
    "?TOKEN=abc",
    "?limit=5&key=abc",
  ])("refuses a key in the address: %s", (search) => {
    expect(read({}, search)).toEqual({ kind: "refused" });
    expect(read({ authorization: `Bearer ${goodKey}` }, search)).toEqual({ kind: "refused" });
  });

  test("leaves ordinary queries alone", () => {
    expect(read({}, "?q=rl_notes&limit=20&cursor=abc")).toEqual({ kind: "none" });
  });
});
