const active = ["pending", "running", "interrupted"] as const;

/** Statuses of a run that has not ended, as SQL: the partial indexes of `graph_runs` serve a condition with this text. */
export const activeStatuses = `(${active.map((status) => `'${status}'`).join(", ")})`;

/** Whether a run has not ended; an interrupted one waits and may go on. */
export function isActive(status: string): boolean {
  return active.some((known) => known === status);
}
