import { describe, expect, it } from "vitest";
import { createTables, schemaVersion, type RunStorage } from "../../src/run/storage.ts";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";
import { expectTrueBooks } from "../faults/in-process/oracle.ts";
import { World } from "../faults/in-process/world.ts";
import { sqliteStorage } from "./sqlite-storage.ts";

/** The tables as the first version made them. */
const firstVersion = `
CREATE TABLE run (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     schema_version INTEGER NOT NULL,
     phase TEXT NOT NULL,
     start TEXT NOT NULL,
     history TEXT NOT NULL DEFAULT '[]',
     status TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     rev INTEGER NOT NULL DEFAULT 0,
     lease_credits INTEGER NOT NULL DEFAULT 0,
     is_cancel_requested INTEGER NOT NULL DEFAULT 0,
     error_code TEXT,
     error_message TEXT,
     output TEXT,
     finish_tries INTEGER NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     started_at INTEGER,
     finished_at INTEGER
   ) STRICT;
   CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, event TEXT NOT NULL) STRICT;
   CREATE TABLE calls (
     ordinal INTEGER PRIMARY KEY,
     call_id TEXT NOT NULL,
     dispatch INTEGER NOT NULL,
     dispatch_id TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     node_key TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     request_hash TEXT NOT NULL,
     message_id TEXT NOT NULL,
     state TEXT NOT NULL,
     model TEXT NOT NULL,
     most_credits INTEGER NOT NULL,
     charged_credits INTEGER NOT NULL DEFAULT 0,
     input_tokens INTEGER NOT NULL DEFAULT 0,
     output_tokens INTEGER NOT NULL DEFAULT 0,
     usage_unit_id TEXT,
     settlement TEXT,
     outbox_key TEXT,
     output TEXT,
     started_at INTEGER NOT NULL,
     ended_at INTEGER
   ) STRICT;
   CREATE TABLE outbox (
     outbox_key TEXT PRIMARY KEY,
     fact TEXT NOT NULL,
     state TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`;

const tables = ["run", "events", "calls", "outbox"];

function shapeOf(storage: RunStorage): unknown {
  return tables.map((table) => [
    table,
    storage.sql
      .exec<{ name: string }>(
        `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${table}')`,
      )
      .toArray()
      .toSorted((a, b) => a.name.localeCompare(b.name)),
  ]);
}

/** A run that the first version left in the middle of its first call. */
async function oldRun(settledCalls = 0): Promise<World> {
  const world = await World.create({ steps: [{ kind: "calls", chunks: [2] }] });
  if (settledCalls > 0) world.armed = { point: "call.settled", passes: settledCalls };
  else world.gateway.isHeld = true;
  void world.life.start(world.start);
  await world.quiet();
  if (settledCalls === 0) world.kill();
  const { sql } = world.storage;
  const kept = tables.map((table) => sql.exec(`SELECT * FROM ${table}`).toArray());
  for (const table of tables) sql.exec(`DROP TABLE ${table}`);
  sql.exec(firstVersion);
  for (const [index, table] of tables.entries()) {
    const known = sql
      .exec<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
      .toArray();
    const names = known.map(({ name }) => name);
    for (const row of kept[index] ?? []) {
      const values = names.map((name) => row[name] ?? null);
      const marks = names.map(() => "?").join(", ");
      sql.exec(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${marks})`, ...values);
    }
  }
  sql.exec("UPDATE run SET schema_version = 1");
  return world;
}

describe("a run of an older version", () => {
  it("has the shape of a new one after its upgrade", async () => {
    const fresh = sqliteStorage();
    createTables(fresh);
    const world = await oldRun();
    await world.life.wake();
    expect(shapeOf(world.storage)).toEqual(shapeOf(fresh));
    const [row] = world.storage.sql.exec("SELECT schema_version FROM run").toArray();
    expect(row).toEqual({ schema_version: schemaVersion });
  });

  it("is recovered and finished by the present one", async () => {
    const world = await oldRun();
    await comeToRest(world);
    const account = world.start.context.billingAccountId;
    expect(world.life.view(account)).toMatchObject({ status: "success" });
    const states = world.life.calls(account)?.map(({ state }) => state);
    expect(states).toEqual(["interrupted", "settled", "settled"]);
  });

  it("is ended when it has settled calls, which it could not find again", async () => {
    const world = await oldRun(1);
    await comeToRest(world);
    const account = world.start.context.billingAccountId;
    expect(world.life.view(account)).toMatchObject({ status: "error", errorCode: "internal" });
    expect(await world.life.retry(account)).toMatchObject({ ok: false, code: "gone" });
    expect(world.gateway.calls).toHaveLength(1);
    expectTrueBooks(world);
  });

  it("is not written to by being looked at when it is over", async () => {
    const world = await oldRun();
    world.storage.sql.exec("UPDATE run SET phase = ?, status = ?", "settled", "success");
    expect(world.life.view(world.start.context.billingAccountId)).toMatchObject({
      status: "success",
      interrupts: [],
    });
    const [row] = world.storage.sql.exec("SELECT schema_version FROM run").toArray();
    expect(row).toEqual({ schema_version: 1 });
  });
});

describe("a run that a version without interrupts has settled", () => {
  it("refuses an answer as a conflict", async () => {
    const world = await World.create({ steps: [] });
    const account = world.start.context.billingAccountId;
    void world.life.start(world.start);
    await comeToRest(world);
    world.kill();
    const { sql } = world.storage;
    // What its upgrade would add; see `upgrade.test.ts`.
    const added = [
      "epoch",
      "recoveries",
      "settled_calls",
      "driving_since",
      "interrupts",
      "purged_at_seq",
      "reconcile_from",
      "looks",
      "ledger_ahead_credits",
    ];
    for (const name of added) sql.exec(`ALTER TABLE run DROP COLUMN ${name}`);
    sql.exec("UPDATE run SET schema_version = 1");
    expect(await world.life.resume(account, { interruptId: "x.0", value: 1 })).toMatchObject({
      ok: false,
      code: "conflict",
    });
  });
});
