import type { LedgerEntry, ProductApi, Receipt } from "./product-api.ts";

type Say = (what: string) => void;

/**
 * The balance is what was paid in less what was charged, corrections included, entry by entry, and nothing is held any
 * more.
 */
export async function checkAccount(
  api: ProductApi,
  receipts: readonly Receipt[],
  toppedUp: number,
  say: Say,
): Promise<void> {
  const { body: account } = await api.get<{ balanceCredits: number; heldCredits: number }>(
    "/api/v1/account",
  );
  const ledger = await api.list<LedgerEntry>("/api/v1/account/ledger");
  const charged = receipts.reduce((sum, { effective }) => sum + effective.chargedCredits, 0);
  if (account.balanceCredits !== toppedUp - charged) {
    const { balanceCredits } = account;
    say(`the balance is ${balanceCredits}: ${toppedUp} paid in, ${charged} charged by receipts`);
  }
  if (account.heldCredits !== 0) say(`the account still holds ${account.heldCredits} credits`);

  let balance = 0;
  const posted = new Map<string, number>();
  const names = new Set<string>();
  for (const entry of ledger.toReversed()) {
    balance += entry.amountCredits;
    if (entry.balanceAfterCredits !== balance) {
      say(
        `after ledger entry ${entry.entryId} the balance is ${entry.balanceAfterCredits}, not ${balance}`,
      );
      break;
    }
    if (entry.receiptId === undefined) continue;
    const name = `${entry.reason} ${entry.receiptId}`;
    if (names.has(name))
      say(`receipt ${entry.receiptId} has two entries of reason ${entry.reason}`);
    names.add(name);
    posted.set(entry.receiptId, (posted.get(entry.receiptId) ?? 0) + entry.amountCredits);
  }
  if (balance !== account.balanceCredits)
    say(`the ledger's entries make ${balance}, the balance is ${account.balanceCredits}`);
  for (const { receiptId, effective } of receipts) {
    if (-(posted.get(receiptId) ?? 0) !== effective.chargedCredits)
      say(
        `receipt ${receiptId} charges ${effective.chargedCredits} and posted ${posted.get(receiptId)}`,
      );
  }
}
