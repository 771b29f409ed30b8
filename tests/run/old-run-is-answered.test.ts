import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";

describe("a run that a version without interrupts has settled", () => {
  it("refuses an answer as a conflict", async () => {
    const world = await World.create({ steps: [] });
    const account = world.start.context.billingAccountId;
    void world.life.start(world.start);
    await comeToRest(world);
    world.kill();
    const { sql } = world.storage;
    // What its upgrade would add; see `upgrade.test.ts`.
    sql.exec("DROP TABLE answers");
    const added = [
      "epoch",
      "recoveries",
      "settled_calls",
      "driving_since",
      "interrupts",
      "purged_at_seq",
    ];
    for (const name of added) sql.exec(`ALTER TABLE run DROP COLUMN ${name}`);
    sql.exec("UPDATE run SET schema_version = 1");
    expect(await world.life.resume(account, { interruptId: "x.0", value: 1 })).toMatchObject({
      ok: false,
      code: "conflict",
    });
  });
});
