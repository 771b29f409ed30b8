/** Days and months are UTC, by the database's own clock: what a cap counts must not depend on who asks. */
const today = "strftime('%Y-%m-%d', 'now')";
const thisMonth = "strftime('%Y-%m', 'now')";

/** Looks nothing up where there is no cap. */
const roomIn = (period: string, cap: string, owner: "a" | "k") =>
  `iif(${owner}.${cap} IS NULL, NULL, ${owner}.${cap} - ${owner}.held_credits - coalesce((
    SELECT s.charged_credits FROM spend_by_period s
    WHERE s.owner_id = ${owner}.id AND s.period = ${period}), 0))`;

/**
 * What an account `a` and its key `k` can still reserve, each limit apart, as SQL; null where there is no such limit. All
 * that is held now counts against the present day and month, whenever it was reserved.
 */
export const room = {
  balance: "(a.balance_credits - a.held_credits)",
  accountDay: roomIn(today, "max_credits_per_day", "a"),
  accountMonth: roomIn(thisMonth, "max_credits_per_month", "a"),
  key: "(k.max_credits - k.charged_credits - k.held_credits)",
  keyDay: roomIn(today, "max_credits_per_day", "k"),
  keyMonth: roomIn(thisMonth, "max_credits_per_month", "k"),
} as const;

export type Limit = keyof typeof room;

/** Neither revoked nor expired, by the database's own clock. */
export const isKeyAlive =
  "(k.revoked_at IS NULL AND coalesce(k.expires_at > unixepoch('subsec') * 1000, 1))";

/** The condition, as SQL, that the key is alive and every limit leaves room for this many credits. */
export function hasRoomFor(credits: string): string {
  const limits = Object.values(room).map((left) => `coalesce(${left} >= ${credits}, 1)`);
  return [isKeyAlive, ...limits].join("\n  AND ");
}

/** Columns named after the limits; see `limitIn`. */
export const roomColumns = Object.entries(room)
  .map(([limit, left]) => `${left} AS ${limit}`)
  .join(",\n  ");

const sentences: Readonly<Record<Limit, string>> = {
  balance:
    "The account's available credits do not cover this run. The operator can add credits; a lower limit of the run (limits.maxCredits) needs fewer.",
  accountDay:
    "The account's limit for a day does not cover this run. Its next day begins at midnight UTC; or give the run a lower limit (limits.maxCredits).",
  accountMonth:
    "The account's limit for a month does not cover this run. Its next month begins on the first, at midnight UTC; or give the run a lower limit (limits.maxCredits).",
  key: "The key's own limit does not cover this run. Use another key or give the run a lower limit (limits.maxCredits).",
  keyDay:
    "The key's limit for a day does not cover this run. Use another key, wait for midnight UTC, or give the run a lower limit (limits.maxCredits).",
  keyMonth:
    "The key's limit for a month does not cover this run. Use another key, wait for the first of the month, or give the run a lower limit (limits.maxCredits).",
};

/** Of those that begin anew by themselves. */
const periods: readonly Limit[] = ["accountDay", "accountMonth", "keyDay", "keyMonth"];

/**
 * What a refused customer is told, of the first limit that leaves too little. `isTemporary` when it is one for a day or
 * a month that refuses, and waiting helps.
 */
export function limitReached(
  row: Readonly<Record<Limit, number | null>>,
  credits: number,
): { message: string; isTemporary: boolean } {
  const limits = Object.keys(room) as Limit[];
  const reached = limits.find((limit) => (row[limit] ?? credits) < credits);
  // A day or a month began between the two statements, or credit came: the next try finds it.
  if (reached === undefined)
    return { message: "The credit was short just now. Try again.", isTemporary: true };
  return { message: sentences[reached], isTemporary: periods.includes(reached) };
}
