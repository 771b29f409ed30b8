import type { LedgerEntry, ProductApi, Receipt } from "./product-api.ts";

type Say = (what: string) => void;

/** The balance is what was paid in less what was charged, entry by entry, and nothing is held any more. */
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
  const charged = receipts.reduce((sum, { chargedCredits }) => sum + chargedCredits, 0);
  if (account.balanceCredits !== toppedUp - charged) {
    const { balanceCredits } = account;
    say(`the balance is ${balanceCredits}: ${toppedUp} paid in, ${charged} charged by receipts`);
  }
  if (account.heldCredits !== 0) say(`the account still holds ${account.heldCredits} credits`);

  let balance = 0;
  const posted = new Map<string, number>();
  for (const entry of ledger.toReversed()) {
    balance += entry.amountCredits;
    if (entry.balanceAfterCredits !== balance) {
      say(
        `after ledger entry ${entry.entryId} the balance is ${entry.balanceAfterCredits}, not ${balance}`,
      );
      break;
    }
    if (entry.receiptId === undefined) continue;
    if (posted.has(entry.receiptId)) say(`receipt ${entry.receiptId} was posted twice`);
    posted.set(entry.receiptId, entry.amountCredits);
  }
  if (balance !== account.balanceCredits)
    say(`the ledger's entries make ${balance}, the balance is ${account.balanceCredits}`);
  for (const { receiptId, chargedCredits } of receipts) {
    if (-(posted.get(receiptId) ?? 0) !== chargedCredits)
      say(`receipt ${receiptId} charges ${chargedCredits} and posted ${posted.get(receiptId)}`);
  }
}
