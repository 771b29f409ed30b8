import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { setAccountCaps } from "../../src/billing/account-caps.ts";
import { admitRun } from "../../src/billing/admission.ts";
import { assertBalanced, makeHolder, makeStart, readAudit } from "./ledger-fixture.ts";
import { history, World } from "./money-world.ts";

describe("whatever happens to an account", () => {
  it(
    "every concurrent read is balanced, and the end is what its callers were told",
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(history, fc.integer({ min: 1, max: 4 }), async (happenings, lanes) => {
          const world = new World(await makeHolder(6_000), 6_000);
          const { accountId } = world.holder;
          // Never reached; what it counts must agree with everything else.
          const never = { maxCreditsPerDay: 1_000_000_000, maxCreditsPerMonth: null };
          await setAccountCaps(env.DB, accountId, never);
          const over = new AbortController();
          const reader = (async () => {
            while (!over.signal.aborted) assertBalanced(await readAudit(accountId));
          })();
          // Several lanes at once: each takes the next thing that happens.
          const waiting = [...happenings];
          const lane = async () => {
            for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
              await world.take(next.step, next.faults);
            }
          };
          await Promise.all(Array.from({ length: lanes }, lane)).finally(() => over.abort());
          await reader;
          const audit = await readAudit(accountId);
          assertBalanced(audit);
          expect(audit.credits).toBe(world.credits);
          expect(audit.receiptCalls).toBe(world.facts.length);
        }),
        { numRuns: 40 },
      );
    },
  );

  it(
    "a run never holds more than the account had when it was let in",
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 10_000 }),
          fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 12 }),
          async (credits, holds) => {
            const holder = await makeHolder(credits);
            const admissions = await Promise.all(
              holds.map((holdCredits) =>
                admitRun(env.DB, { start: makeStart(holder), holdCredits, now: 0 }),
              ),
            );
            const held = holds.filter((_, at) => admissions[at]?.kind === "admitted");
            const total = held.reduce((sum, hold) => sum + hold, 0);
            expect(await readAudit(holder.accountId)).toMatchObject({
              held: total,
              active: held.length,
            });
            expect(total).toBeLessThanOrEqual(credits);
            for (const [at, hold] of holds.entries()) {
              if (admissions[at]?.kind === "refused") expect(total + hold).toBeGreaterThan(credits);
            }
          },
        ),
        { numRuns: 25 },
      );
    },
  );
});
