/** The assistant's own tools, by id; a run narrows this list and never widens it. */
export const assistantToolIds: readonly string[] = [
  "core__current_time",
  "core__calculator",
  "core__own_usage",
];
