import { describe, expect, it } from "vitest";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { retentionMs, World } from "../../faults/in-process/world.ts";

async function purged(): Promise<{ world: World; account: string; lastSeq: number }> {
  const world = await World.create({ steps: [{ kind: "fails" }] });
  const account = world.start.context.billingAccountId;
  void world.life.start(world.start);
  await comeToRest(world);
  world.storage.sql.exec("CREATE TABLE checkpoints (id TEXT)");
  const lastSeq = world.life.view(account)?.lastSeq ?? 0;
  // Before that it is held against the gateway's log.
  await world.elapse(120_000);
  await world.elapse(retentionMs);
  return { world, account, lastSeq };
}

function count(world: World, table: string): unknown {
  return world.storage.sql.exec(`SELECT count(*) AS total FROM ${table}`).toArray()[0]?.["total"];
}

describe("a run that ended long ago", () => {
  it("forgets what was said in it, and keeps what it was and what it cost", async () => {
    const { world, account, lastSeq } = await purged();
    expect(count(world, "events")).toBe(0);
    expect(() => count(world, "checkpoints")).toThrow("no such table");
    const [row] = world.storage.sql.exec<{ start: string }>("SELECT start FROM run").toArray();
    expect(row?.start).not.toContain("hello");
    expect(world.life.view(account)).toMatchObject({ status: "error", lastSeq });
    world.kill();
    expect(world.life.view(account)).toMatchObject({ status: "error", lastSeq });
    expect(world.life.calls(account)).toHaveLength(1);
  });

  it("cannot be tried again, and knows a repeated request", async () => {
    const { world, account } = await purged();
    expect(await world.life.retry(account)).toMatchObject({ ok: false, code: "gone" });
    expect(await world.life.start(world.start)).toMatchObject({ ok: true, created: false });
    const other = { ...world.start, requestHash: "other" };
    expect(await world.life.start(other)).toMatchObject({ code: "idempotency_conflict" });
  });

  it("is not purged before its usage is in D1, nor while it waits for a person", async () => {
    const unsettled = await World.create({ steps: [] });
    await unsettled.life.start(unsettled.start);
    unsettled.d1.faults.push(...Array.from({ length: 40 }, () => "before" as const));
    await unsettled.quiet();
    for (let day = 0; day < 3; day += 1) await unsettled.elapse(retentionMs);
    expect(count(unsettled, "events")).not.toBe(0);

    const asking = await World.create({ steps: [{ kind: "asks" }] });
    await asking.life.start(asking.start);
    await asking.quiet();
    await asking.elapse(retentionMs * 2);
    asking.life.view(asking.start.context.billingAccountId);
    await asking.quiet();
    expect(count(asking, "events")).not.toBe(0);
  });
});

function countEvents(world: World): unknown {
  return world.storage.sql.exec("SELECT count(*) AS total FROM events").toArray()[0]?.["total"];
}

describe("the purge of a run that is over", () => {
  it("comes though its alarm fired a moment early, by a clock that is behind", async () => {
    const world = await World.create({ steps: [] });
    void world.life.start(world.start);
    await comeToRest(world);
    expect(world.alarm).not.toBeNull();
    world.alarm = world.now + retentionMs / 2;
    for (let round = 0; round < 6; round += 1) await world.elapse(retentionMs / 2);
    expect(countEvents(world)).toBe(0);
  });

  it("is tried again by the same instance when it failed half-way", async () => {
    const world = await World.create({ steps: [] });
    const { sql } = world.storage;
    const { exec } = sql;
    let failures = 1;
    (sql as { exec: typeof exec }).exec = ((query: string, ...bindings: unknown[]) => {
      if (query === "DROP TABLE IF EXISTS answers" && failures-- > 0)
        throw new Error("disk I/O error");
      return exec(query, ...bindings);
    }) as typeof exec;
    void world.life.start(world.start);
    await comeToRest(world);
    for (let round = 0; round < 3; round += 1) await world.elapse(retentionMs);
    expect(countEvents(world)).toBe(0);
  });
});
