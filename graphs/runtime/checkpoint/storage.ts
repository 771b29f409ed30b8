import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";

/** Bound values that the checkpointer uses. */
export type CheckpointBinding = string | number | null;

/** The synchronous SQLite that checkpoints are kept in. */
export type CheckpointSql = CheckpointStorage["sql"];
