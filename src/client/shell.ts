import "./styles/app.css";
import { callApi } from "./api.ts";
import { setAmount } from "./amount.ts";
import { byId, setText } from "./dom.ts";
import { formatMoney, formatShortMoney } from "./format.ts";
import type { Account } from "./wire.ts";

/** What the credit of the account is, in the page's head. Called again when a run has been charged. */
export async function refreshBalance(): Promise<void> {
  const answer = await callApi<Account>("/api/v1/account");
  if (!answer.ok) return;
  const { availableCredits } = answer.value;
  setAmount(byId("balance-amount", HTMLElement), availableCredits);
  // A small screen has no room for every digit.
  setText(byId("balance-short", HTMLElement), formatShortMoney(availableCredits));
  const link = byId("balance", HTMLElement);
  link.title = formatMoney(availableCredits);
  link.ariaLabel = `Available ${formatMoney(availableCredits)}`;
}

/** Says what went wrong at the head of the page; null takes the notice away. */
export function showProblem(message: string | null): void {
  const notice = byId("problem", HTMLElement);
  notice.hidden = message === null;
  notice.textContent = message ?? "";
}

/** Tells screen readers what just happened. */
export function announce(message: string): void {
  byId("announcer", HTMLElement).textContent = message;
}
