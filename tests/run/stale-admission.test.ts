import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";

describe("a stale instance whose admission is answered late", () => {
  it("does not empty the storage of the run that its successor drives", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [2] }] });
    const account = world.start.context.billingAccountId;
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    // D1 refuses the first admission; its answer takes its time.
    const gate = Promise.withResolvers<void>();
    const plain = world.d1.database;
    Object.defineProperty(world.d1, "database", {
      configurable: true,
      value: {
        ...plain,
        prepare: (sql: string) => plain.prepare(sql),
        batch: async (statements: D1PreparedStatement[]) => {
          const results = await plain.batch(statements);
          await gate.promise;
          return results;
        },
      },
    });
    const stale = world.bear();
    const refused = stale.life.start(world.start);
    await world.quiet();
    Object.defineProperty(world.d1, "database", { configurable: true, value: plain });
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = 0");
    world.gateway.isHeld = true;
    expect(await world.life.start(world.start)).toMatchObject({ ok: true });
    await world.quiet();
    gate.resolve();
    await refused;
    expect(world.isEmptied).toBe(false);
    expect(world.storage.isEmpty()).toBe(false);
    world.gateway.release();
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "success" });
  });
});
