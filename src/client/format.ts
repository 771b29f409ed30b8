import { formatCreditsUsd } from "../base/money.ts";

/** A credit is a ten-millionth of a dollar. */
const creditDigits = 7;
const integers = new Intl.NumberFormat("en-US");

/** `$0.0001234`, exact to the last credit. */
export function formatMoney(credits: number): string {
  const usd = formatCreditsUsd(Math.abs(credits));
  const [whole = "0", fraction = "00"] = usd.split(".");
  return `${credits < 0 ? "−" : ""}$${integers.format(BigInt(whole))}.${fraction}`;
}

/** The same amount with all its digits, so that the points of a column stand below each other. */
export function formatAlignedMoney(credits: number): string {
  const text = formatMoney(credits);
  return text.padEnd(text.indexOf(".") + 1 + creditDigits, "0");
}

/** In whole cents, never more than there is: `$4.99`. */
export function formatShortMoney(credits: number): string {
  const creditsOfCent = 10 ** (creditDigits - 2);
  if (credits > 0 && credits < creditsOfCent) return "< $0.01";
  return formatMoney(Math.floor(credits / creditsOfCent) * creditsOfCent);
}

/** A price as people write it: `0.6` -> `$0.60`, `0.075` -> `$0.075`. */
export function formatPrice(usd: string): string {
  return `$${withDigits(usd, 2)}`;
}

function withDigits(decimal: string, digitsMin: number): string {
  const [whole = "0", fraction = ""] = decimal.split(".");
  return `${whole}.${fraction.padEnd(digitsMin, "0")}`;
}

/** One word for one thing: who stops a run reads that it was stopped. */
export function statusWord(status: string): string {
  return status === "cancelled" ? "stopped" : status;
}

/** For hover and for screen readers, where the unit of the ledger matters. */
export function formatCredits(credits: number): string {
  return `${integers.format(credits)} ${Math.abs(credits) === 1 ? "credit" : "credits"}`;
}

export function formatCount(count: number): string {
  return integers.format(count);
}

export function countOf(count: number, noun: string): string {
  return `${integers.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Attempts are counted from 0, retries by people from 1; nothing for a run that was never retried. */
export function retriedWords(attempt: number): string {
  if (attempt === 0) return "";
  if (attempt === 1) return "Retried once";
  return attempt === 2 ? "Retried twice" : `Retried ${integers.format(attempt)} times`;
}

/** An attempt as people count: the first one is 0 on the wire. */
export function formatAttempt(attempt: number): string {
  return integers.format(attempt + 1);
}

/** `< 0.1 s`, `12.4 s`, `3 min 5 s`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1_000;
  if (seconds < 0.1) return "< 0.1 s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** In the reader's language and time zone. */
export function formatTime(iso: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(iso),
  );
}

/** A time to come, by its weekday and to the minute, in the zone that decides it. */
export function formatSlot(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZone,
  }).format(new Date(iso));
}

/** `just now`, `5 min ago`, `in 3 h`; beyond a week the date. */
export function formatAgo(iso: string, now: number): string {
  const minutes = Math.round((Date.parse(iso) - now) / 60_000);
  const distance = Math.abs(minutes);
  if (distance < 1) return "just now";
  const [amount, unit] =
    distance < 60
      ? [distance, "min"]
      : distance < 48 * 60
        ? [Math.round(distance / 60), "h"]
        : [Math.round(distance / 1_440), "days"];
  if (unit === "days" && amount > 7) {
    return new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(iso));
  }
  return minutes < 0 ? `${amount} ${unit} ago` : `in ${amount} ${unit}`;
}

/** `langgraph:poet` -> `poet`: the part that tells graphs apart for people. */
export function graphName(graphId: string): string {
  return graphId.slice(graphId.indexOf(":") + 1);
}

/** The run that a ledger reference such as `litellm:run_…/0/unit` is about; null when it is about none. */
export function runIdIn(reference: string): string | null {
  return /\brun_[0-9a-z]{26}\b/.exec(reference)?.[0] ?? null;
}
