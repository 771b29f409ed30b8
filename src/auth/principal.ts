export const scopes = ["runs:write", "runs:read", "schedules:write", "account:read"] as const;
export type Scope = (typeof scopes)[number];

export function isScope(value: unknown): value is Scope {
  return scopes.some((scope) => scope === value);
}

/** Who a request acts for. Made only from the credential. */
export interface Principal {
  kind: "person" | "service" | "key";
  accountId: string;
  /** The key that usage is attributed to; people use their account's default key. */
  virtualKeyId: string;
  scopes: ReadonlySet<Scope>;
  /** A key with a cap or an expiry: what another key pays for is not for it to set going. */
  isBounded: boolean;
  /** A person, or a key with every scope and without bounds. */
  mayManageKeys: boolean;
}
