import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { AuditReport } from "../../src/billing/audit-report.ts";
import { withoutTriggers } from "../billing/without-triggers.ts";
import { adminToken, bearer, errorCodeOf, newTenant, openDoor } from "./door.ts";

const path = "/api/v1/admin/audit";
const door = openDoor(env.DB);
const operator = { headers: bearer(adminToken) };

async function readAudit(): Promise<AuditReport> {
  const response = await door.send(path, operator);
  expect(response.status).toBe(200);
  return response.json<AuditReport>();
}

describe("the audit's door", () => {
  test("answers with every kind of fault, a count and ids", async () => {
    const finding = { count: expect.any(Number), ids: expect.any(Array) };
    expect(await readAudit()).toEqual({
      oldestUnsettledSeconds: expect.any(Number),
      unsettledRuns: finding,
      deadHolds: finding,
      unknownReceipts: finding,
      zeroCostPaid: finding,
      missingUsageUnitIds: finding,
      balanceMismatches: finding,
    });
  });

  test("shows an account whose balance was written past the ledger, until it is put right", async () => {
    const { accountId } = await newTenant(env.DB);
    const write = (credits: number) =>
      withoutTriggers(env.DB, [
        env.DB.prepare(
          "UPDATE billing_accounts SET balance_credits = balance_credits + ?2 WHERE id = ?1",
        ).bind(accountId, credits),
      ]);
    await write(1);
    expect((await readAudit()).balanceMismatches.ids).toContain(accountId);
    await write(-1);
    expect((await readAudit()).balanceMismatches.ids).not.toContain(accountId);
  });

  test("opens for the operator only", async () => {
    const tenant = await newTenant(env.DB);
    for (const headers of [{}, tenant.headers, bearer(`${adminToken}x`)]) {
      const response = await door.send(path, { headers });
      expect([response.status, await errorCodeOf(response)]).toEqual([401, "unauthenticated"]);
    }
    const without = openDoor(env.DB, { AUTH_MODE: "dev", ADMIN_TOKEN: "" });
    const response = await without.send(path, operator);
    expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
  });
});
