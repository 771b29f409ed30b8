import { describe, expect, test } from "vitest";
import { keyStatus } from "../../src/client/key-status.ts";
import { readKeyWish } from "../../src/client/key-wish.ts";

const now = Date.parse("2026-03-10T12:00:00Z");

function wish(fields: Record<string, string>) {
  const data = new FormData();
  for (const [name, value] of Object.entries({ label: "CI", scope: "runs:read", ...fields }))
    data.set(name, value);
  return readKeyWish(data, now);
}

describe("what a new key is asked to be", () => {
  test("is sent with its caps in credits, and expires with its day", () => {
    expect(wish({ expires: "2026-03-12", maxCredits: "$2.50", maxCreditsPerDay: "" })).toEqual({
      ok: true,
      body: {
        label: "CI",
        scopes: ["runs:read"],
        expiresAt: new Date("2026-03-12T23:59:59").toISOString(),
        maxCredits: 25_000_000,
      },
    });
  });

  test.each([
    [{ label: " " }, "label", /label/],
    [{ expires: "2026-03-01" }, "expires", /^Choose a time in the future\.$/],
    [{ maxCreditsPerDay: "a dollar" }, "maxCreditsPerDay", /amount in dollars/],
    [{ maxCredits: "0" }, "maxCredits", /cap of 0/],
    [{ maxCreditsPerMonth: "0.00" }, "maxCreditsPerMonth", /cap of 0/],
  ])("%j is refused at its field", (fields, field, message) => {
    expect(wish(fields)).toEqual({ ok: false, field, message: expect.stringMatching(message) });
  });
});

test.each([
  [null, null, "active"],
  [null, "2026-03-10T12:00:01.000Z", "active"],
  [null, "2026-03-10T12:00:00.000Z", "expired"],
  ["2026-03-09T12:00:00.000Z", "2026-03-10T11:00:00.000Z", "revoked"],
])("a key revoked %s that expires %s is %s", (revokedAt, expiresAt, status) => {
  expect(keyStatus({ revokedAt, expiresAt }, now)).toBe(status);
});
