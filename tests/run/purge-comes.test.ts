import { describe, expect, it } from "vitest";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";
import { retentionMs, World } from "../faults/in-process/world.ts";

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
      if (query === "DELETE FROM answers" && failures-- > 0) throw new Error("disk I/O error");
      return exec(query, ...bindings);
    }) as typeof exec;
    void world.life.start(world.start);
    await comeToRest(world);
    for (let round = 0; round < 3; round += 1) await world.elapse(retentionMs);
    expect(countEvents(world)).toBe(0);
  });
});
