import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runAudit } from "../../src/billing/audit-hourly.ts";
import { cutDays } from "../../src/billing/audit-usage.ts";
import type { LogFields } from "../../src/base/log.ts";

describe("the days of a large account", () => {
  const whole = { account: "acct_a", from: 100, to: 1_000, size: 0 };

  it("are cut before a part grows too large", () => {
    const days = [
      { day: 110, size: 6 },
      { day: 120, size: 5 },
      { day: 121, size: 5 },
      { day: 130, size: 40 },
      { day: 140, size: 1 },
    ];
    expect(cutDays(whole, days, 10).map(({ from, to, size }) => [from, to, size])).toEqual([
      [100, 120, 6],
      [120, 130, 10],
      [130, 140, 40],
      [140, 1_000, 1],
    ]);
  });

  it("are all there, whatever the rollups say", () => {
    const day = fc.record({ day: fc.integer({ min: 100, max: 999 }), size: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(fc.uniqueArray(day, { selector: (drawn) => drawn.day }), (drawn) => {
        const parts = cutDays(
          whole,
          drawn.toSorted((a, b) => a.day - b.day),
          20,
        );
        let reached = whole.from;
        for (const { from, to } of parts) {
          expect(from).toBe(reached);
          expect(to).toBeGreaterThan(from);
          reached = to;
        }
        expect(reached).toBe(whole.to);
      }),
    );
  });
});

describe("the audit of the hour", () => {
  it("says so when there is nothing to say", async () => {
    const statement = {
      bind: () => statement,
      all: async () => ({ results: [] }),
      first: async () => null,
    };
    const db = { prepare: () => statement } as unknown as D1Database;
    const logged: [string, string, LogFields | undefined][] = [];
    const dead = await runAudit(
      { DB: db },
      {
        clock: { now: () => Date.UTC(2026, 4, 4, 10) },
        log: { log: (...line) => void logged.push([line[0], line[1], line[2]]) },
        catalogs: { models: { models: [], defaultModelId: "", find: () => null } },
      },
    );
    expect(dead).toEqual([]);
    expect(logged).toEqual([
      ["info", "audit.clean", { oldestUnsettledSeconds: 0, extent: "recent" }],
    ]);
  });
});
