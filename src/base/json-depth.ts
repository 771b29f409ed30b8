/** SQLite refuses JSON nested deeper than 1,000, and what recurses over a value must not run out of stack. */
const depthMax = 100;

/** Whether a JSON value is nested deeper than anything honest. */
export function isTooDeep(value: unknown, levels = depthMax): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1));
}
