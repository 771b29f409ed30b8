import type { JWTVerifyGetKey } from "jose";
import type { Config } from "../base/config.ts";
import { scopes } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { verifyAccessToken } from "./access.ts";
import { findKeyHolder } from "./api-keys.ts";
import { readCredential } from "./credential.ts";
import { isLoopback } from "./loopback.ts";
import { accountOf, holderOf } from "./people.ts";
import type { AccountHolder } from "./people.ts";

const demoAccount = { accountId: "acct_demo", name: "Demo", grantCredits: 50_000_000 };

export interface DoorKeys {
  config: Pick<Config, "authMode" | "access" | "apiKeyPepper">;
  /** The signing keys of an Access team. */
  accessKeys: (teamDomain: string) => JWTVerifyGetKey;
}

/**
 * Who a request acts for, or null: not let in. Deny by default: without AUTH_MODE nobody is, and a credential that is
 * present and wrong never falls back to anything else.
 */
export async function authenticate(
  request: Request,
  { config, accessKeys }: DoorKeys,
  db: D1Database,
  now: number,
): Promise<Principal | null> {
  const url = new URL(request.url);
  if (!isOpen(config, url)) return null;
  const credential = readCredential(request.headers, url);
  switch (credential.kind) {
    case "refused":
      return null;
    case "bearer": {
      const pepper = config.apiKeyPepper;
      return pepper === null ? null : findKeyHolder(db, credential.token, pepper, now);
    }
    case "access": {
      if (config.authMode !== "access" || config.access === null) return null;
      const door = { ...config.access, keys: accessKeys(config.access.teamDomain) };
      const identity = await verifyAccessToken(credential.token, door, now);
      if (identity === null) return null;
      return withEveryScope(identity.kind, await accountOf(db, identity, now));
    }
    case "none":
      return config.authMode === "dev"
        ? withEveryScope("person", await holderOf(db, demoAccount, now))
        : null;
  }
}

/** Whether the deployment lets anybody in at this address: dev mode only under the machine's own names. */
export function isOpen(config: Pick<Config, "authMode">, url: URL): boolean {
  if (config.authMode === null) return false;
  return config.authMode !== "dev" || isLoopback(url);
}

function withEveryScope(kind: "person" | "service", holder: AccountHolder): Principal {
  const mayManageKeys = kind === "person";
  return { kind, ...holder, scopes: new Set(scopes), isBounded: false, mayManageKeys };
}
