import { expect, it } from "vitest";
import { NewerRun, RunState } from "../../src/run/run-state.ts";
import { World } from "../faults/in-process/world.ts";
import { sqliteStorage } from "./sqlite-storage.ts";

it("knows a new run's row as another instance reads it", async () => {
  const { start } = await World.create({ steps: [] });
  const storage = sqliteStorage();
  const state = new RunState(storage);
  state.create(start, 1_790_000_000_000);
  expect(state.row).toEqual(new RunState(storage).row);
  state.update({ phase: "driving", epoch: 1 });
  expect(state.row).toEqual(new RunState(storage).row);
});

it("leaves a run alone that a newer version has written", async () => {
  const { start } = await World.create({ steps: [] });
  const storage = sqliteStorage();
  const state = new RunState(storage);
  state.create(start, 1_790_000_000_000);
  storage.sql.exec("UPDATE run SET schema_version = schema_version + 1");

  expect(() => new RunState(storage)).toThrow(NewerRun);
  expect(() => state.reload()).toThrow(NewerRun);
});
