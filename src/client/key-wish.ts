import { BASIS_POINTS_OF_ONE, chargeCredits, parseUsd } from "../base/money.ts";
import { fieldText } from "./field-text.ts";

const capNames = ["maxCredits", "maxCreditsPerDay", "maxCreditsPerMonth"] as const;
type CapName = (typeof capNames)[number];

export type KeyWish =
  | {
      ok: true;
      body: { label: string; scopes: string[]; expiresAt?: string } & Partial<
        Record<CapName, number>
      >;
    }
  /** `field` is null where no single field is wrong. */
  | { ok: false; field: "label" | "expires" | CapName | null; message: string };

/** What the form for a new key asks for, or what is wrong with it. A key expires with the reader's day. */
export function readKeyWish(data: FormData, now: number): KeyWish {
  const text = (name: string) => fieldText(data, name);
  const label = text("label");
  if (label === "") {
    const message = "Give the key a label, so that you know it later.";
    return { ok: false, field: "label", message };
  }
  const expires = text("expires");
  const expiresAt = expires === "" ? null : new Date(`${expires}T23:59:59`);
  if (expiresAt !== null && !(expiresAt.getTime() > now))
    return { ok: false, field: "expires", message: "Choose a time in the future." };
  const caps: Partial<Record<CapName, number>> = {};
  for (const name of capNames) {
    const cap = text(name).replace(/^\$/, "");
    if (cap === "") continue;
    const usd = parseUsd(cap);
    const credits = usd === null ? null : chargeCredits(usd, BASIS_POINTS_OF_ONE);
    if (credits === null) {
      const message = "A cap is an amount in dollars, such as 2.50.";
      return { ok: false, field: name, message };
    }
    if (credits === 0) {
      const message = "A key with a cap of 0 could run nothing. Leave it empty for no cap.";
      return { ok: false, field: name, message };
    }
    caps[name] = credits;
  }
  const scopes = data.getAll("scope").filter((scope) => typeof scope === "string");
  if (scopes.length === 0)
    return { ok: false, field: null, message: "Choose at least one thing the key may do." };
  const expiry = expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() };
  return { ok: true, body: { label, scopes, ...expiry, ...caps } };
}
