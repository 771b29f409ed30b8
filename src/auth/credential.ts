/** What a request presents. `refused` was presented in a way that is never accepted, so it is not a missing credential. */
export type Credential =
  | { kind: "none" }
  | { kind: "bearer"; token: string }
  | { kind: "access"; token: string }
  | { kind: "refused" };

const queryNames = new Set(["key", "api_key", "apikey", "token", "access_token", "authorization"]);
const keyInQuery = /^(?:bearer\s+)?rl_key_/i;

/**
 * Reads the credential of a request. Two Authorization headers arrive joined by a comma, which no token may contain.
 * A key in the query would end up in logs and histories, so it is refused even beside a good header.
 */
export function readCredential(headers: Headers, url: URL): Credential {
  for (const [name, value] of url.searchParams) {
    if (queryNames.has(name.toLowerCase()) || keyInQuery.test(value)) return { kind: "refused" };
  }
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const token = /^Bearer ([\x21-\x2b\x2d-\x7e]+)$/i.exec(authorization)?.[1];
    return token === undefined ? { kind: "refused" } : { kind: "bearer", token };
  }
  const assertion = headers.get("cf-access-jwt-assertion");
  return assertion === null ? { kind: "none" } : { kind: "access", token: assertion };
}
