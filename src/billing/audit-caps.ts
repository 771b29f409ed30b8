import { find, joinFindings, type Finding } from "./audit-report.ts";

const perPeriod = (owner: string) =>
  `coalesce(${owner}.max_credits_per_day, ${owner}.max_credits_per_month) IS NOT NULL`;
/** A day's name has ten letters, a month's seven. */
const counted = (letters: number) =>
  `coalesce((SELECT sum(p.charged_credits) FROM spend_by_period p
    WHERE p.owner_id = k.id AND length(p.period) = ${letters}), 0)`;

const wrongKeys = `
SELECT k.id FROM virtual_keys k LEFT JOIN (
  SELECT g.virtual_key_id AS key, sum(g.charged_credits) AS charged
  FROM (
    SELECT DISTINCT o.billing_account_id AS account FROM virtual_keys o
    WHERE o.max_credits IS NOT NULL OR ${perPeriod("o")}) a
  CROSS JOIN graph_runs g ON g.billing_account_id = a.account
  GROUP BY g.virtual_key_id) s ON s.key = k.id
WHERE (k.max_credits IS NOT NULL AND k.charged_credits <> coalesce(s.charged, 0))
  OR (${perPeriod("k")} AND (${counted(10)} <> coalesce(s.charged, 0) OR ${counted(7)} <> coalesce(s.charged, 0)))`;

const wrongPeriods = `
SELECT owner || '/spend/' || period AS id FROM (
  SELECT s.owner_id AS owner, s.period, s.charged_credits AS charged
  FROM billing_accounts a CROSS JOIN spend_by_period s ON s.owner_id = a.id WHERE ${perPeriod("a")}
  UNION ALL
  SELECT a.id, strftime(f.format, u.day * 86400, 'unixepoch'), -u.charged_credits
  FROM billing_accounts a CROSS JOIN usage_daily u ON u.billing_account_id = a.id
  CROSS JOIN (SELECT '%Y-%m-%d' AS format UNION ALL SELECT '%Y-%m') f WHERE ${perPeriod("a")})
GROUP BY owner, period HAVING sum(charged) <> 0`;

/**
 * Capped keys that count other charges than their runs do, and days and months in which a capped account counts others
 * than its rollup. Reads every run of the accounts that have capped keys, and the rollups of capped accounts.
 */
export async function findWrongCaps(db: D1Database): Promise<Finding> {
  return joinFindings([await find(db, wrongKeys), await find(db, wrongPeriods)]);
}
