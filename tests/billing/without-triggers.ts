/**
 * Writes past the ledger's rules: every trigger is dropped and made again around the statements, in one transaction, so
 * that nothing else ever sees the database without them.
 */
export async function withoutTriggers(
  db: D1Database,
  statements: readonly D1PreparedStatement[],
): Promise<void> {
  const { results } = await db
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    .all<{ name: string; sql: string }>();
  await db.batch([
    ...results.map(({ name }) => db.prepare(`DROP TRIGGER ${name}`)),
    ...statements,
    ...results.map(({ sql }) => db.prepare(sql)),
  ]);
}
