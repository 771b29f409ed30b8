import { describe, expect, it } from "vitest";
import { now, toolRun } from "./tool-run.ts";

describe("core__current_time", () => {
  const timeIn = (args: { timeZone?: string }, ms = now) =>
    toolRun({ clock: { now: () => ms } }).call("core__current_time", args);

  it("is UTC when no time zone is given", async () => {
    expect(await timeIn({})).toEqual({
      ok: true,
      result: {
        utc: "2026-07-16T22:30:05.000Z",
        local: "2026-07-16T22:30:05+00:00",
        weekday: "Thursday",
        timeZone: "UTC",
      },
    });
  });

  it.each([
    ["Europe/Berlin", "2026-07-17T00:30:05+02:00", "Friday"],
    ["America/New_York", "2026-07-16T18:30:05-04:00", "Thursday"],
    ["Asia/Kathmandu", "2026-07-17T04:15:05+05:45", "Friday"],
  ])("in %s is %s", async (timeZone, local, weekday) => {
    expect(await timeIn({ timeZone })).toMatchObject({ result: { local, weekday, timeZone } });
  });

  it("knows the hour that a change to winter time repeats", async () => {
    const timeZone = "Europe/Berlin";
    const summer = await timeIn({ timeZone }, Date.UTC(2026, 9, 25, 0, 30));
    const winter = await timeIn({ timeZone }, Date.UTC(2026, 9, 25, 1, 30));
    expect(summer).toMatchObject({ result: { local: "2026-10-25T02:30:00+02:00" } });
    expect(winter).toMatchObject({ result: { local: "2026-10-25T02:30:00+01:00" } });
  });

  it.each(["Mars/Olympus", "", "../etc", "x".repeat(65)])(
    "refuses the zone %j",
    async (timeZone) => {
      expect(await timeIn({ timeZone })).toMatchObject({ ok: false });
    },
  );
});

describe("core__calculator", () => {
  it("answers exactly, and says when it had to round", async () => {
    const { call } = toolRun();
    expect(await call("core__calculator", { expression: "0.1 + 0.2" })).toEqual({
      ok: true,
      result: { result: "0.3", isExact: true },
    });
    expect(await call("core__calculator", { expression: "2/3" })).toEqual({
      ok: true,
      result: { result: "0.666666666666666666666666666667", isExact: false },
    });
  });

  it("says what is wrong with an expression", async () => {
    const outcome = await toolRun().call("core__calculator", { expression: "1/0" });
    expect(outcome).toEqual({ ok: false, code: "failed", message: "Division by zero." });
  });
});

describe("core__own_usage", () => {
  const run = { calls: 2, inputTokens: 30, outputTokens: 40, chargedCredits: 50 };
  const account = {
    balanceCredits: 12_345_678,
    heldCredits: 345_678,
    availableCredits: 12_000_000,
  };

  it("tells balance and usage, in dollars too, and nothing else of the account", async () => {
    const readOwnUsage = async () => ({ ...account, run, accountId: "acct_1", name: "Demo" });
    expect(await toolRun({ readOwnUsage }).call("core__own_usage", {})).toEqual({
      ok: true,
      result: { ...account, run, balanceUsd: "1.2345678", availableUsd: "1.20" },
    });
  });

  it("fails when the account cannot be read", async () => {
    const readOwnUsage = () => Promise.reject(new Error("D1_ERROR: select secret"));
    const outcome = await toolRun({ readOwnUsage }).call("core__own_usage", {});
    expect(outcome).toEqual({ ok: false, code: "failed", message: "The tool failed." });
  });

  it("takes nobody else's account as an argument", async () => {
    const outcome = await toolRun().call("core__own_usage", { accountId: "acct_2" });
    expect(outcome).toMatchObject({ code: "invalid_input" });
  });
});
