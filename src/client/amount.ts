import { el } from "./dom.ts";
import {
  formatAlignedMoney,
  formatCount,
  formatCredits,
  formatMoney,
  formatTime,
  statusWord,
} from "./format.ts";

/** Dollars, exact; the credits of the ledger on hover. */
export function amount(credits: number): HTMLElement {
  return el("span", { class: "money", title: formatCredits(credits) }, formatMoney(credits));
}

/** For the columns of a table. */
export function alignedAmount(credits: number): HTMLElement {
  const title = formatCredits(credits);
  return el("span", { class: "money", title }, formatAlignedMoney(credits));
}

export function setAmount(element: HTMLElement, credits: number): void {
  element.textContent = formatMoney(credits);
  element.title = formatCredits(credits);
}

export function count(value: number): HTMLElement {
  return el("span", { class: "number" }, formatCount(value));
}

/** A time in the reader's zone; the exact UTC time on hover. */
export function time(iso: string | null): HTMLElement | string {
  if (iso === null) return "–";
  return el("time", { datetime: iso, title: iso }, formatTime(iso));
}

/** Status in words; the colour only repeats it. */
export function badge(status: string, title: string | null = null): HTMLElement {
  return el("span", { class: `badge badge-${status}`, title }, statusWord(status));
}
