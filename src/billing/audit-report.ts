/** Ids of what is wrong: at most `idsMax` of them; the count is exact. */
export interface Finding {
  count: number;
  ids: string[];
}

export const findingKinds = [
  "unsettledRuns",
  "deadHolds",
  "unknownReceipts",
  "zeroCostPaid",
  "missingUsageUnitIds",
  "balanceMismatches",
] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface AuditReport extends Record<FindingKind, Finding> {
  /** Since the oldest run that is under way was let in, also where that is nothing to worry about; 0 without one. */
  oldestUnsettledSeconds: number;
}

export const idsMax = 100;

/** Runs a SELECT of one column `id`. The ids must differ from one another. */
export async function find(
  db: D1Database,
  select: string,
  ...values: (string | number)[]
): Promise<Finding> {
  const { results } = await db
    .prepare(`SELECT id, count(*) OVER () AS count FROM (${select}) ORDER BY id LIMIT ${idsMax}`)
    .bind(...values)
    .all<{ id: string; count: number }>();
  return { count: results[0]?.count ?? 0, ids: results.map(({ id }) => id) };
}

/** Findings of disjoint parts as one. */
export function joinFindings(findings: readonly Finding[]): Finding {
  return {
    count: findings.reduce((sum, { count }) => sum + count, 0),
    ids: findings.flatMap(({ ids }) => ids).slice(0, idsMax),
  };
}
