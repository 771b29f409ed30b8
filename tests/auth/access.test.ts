import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyAccessToken } from "../../src/auth/access.ts";
import type { AccessDoor } from "../../src/auth/access.ts";
import { ApiError } from "../../src/base/errors.ts";

const teamDomain = "acme.cloudflareaccess.com";
const issuer = `https://${teamDomain}`;
const audience = "a".repeat(64);
const now = Date.UTC(2026, 10, 21, 12);

let rsa: CryptoKeyPair;
let stranger: CryptoKeyPair;
let door: AccessDoor;

interface Wanted {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string | string[];
  expiresAt?: number | null;
  algorithm?: string;
  key?: CryptoKey | Uint8Array;
}

function token(wanted: Wanted = {}): Promise<string> {
  const claims = wanted.claims ?? { sub: "user-1", email: "ada@acme.example" };
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: wanted.algorithm ?? "RS256", kid: "k1" })
    .setIssuer(wanted.issuer ?? issuer)
    .setAudience(wanted.audience ?? audience)
    .setIssuedAt(new Date(now - 60_000));
  if (wanted.expiresAt !== null) jwt.setExpirationTime(new Date(wanted.expiresAt ?? now + 60_000));
  return jwt.sign(wanted.key ?? rsa.privateKey);
}

const verify = (text: string) => verifyAccessToken(text, door, now);

beforeAll(async () => {
  rsa = await generateKeyPair("RS256", { extractable: true });
  stranger = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(rsa.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  door = { teamDomain, audience, keys: createLocalJWKSet({ keys: [jwk] }) };
});

describe("an Access token", () => {
  test("names a person by subject, with the email only as a name", async () => {
    expect(await verify(await token())).toEqual({
      kind: "person",
      subject: "person:user-1",
      email: "ada@acme.example",
    });
  });

  test("names a service by its client, which can never collide with a person", async () => {
    const claims = { sub: "", common_name: "ci.access" };
    expect(await verify(await token({ claims }))).toEqual({
      kind: "service",
      subject: "service:ci.access",
      name: "ci.access",
    });
  });

  test("is refused when it names nobody, or half a person", async () => {
    for (const claims of [{}, { sub: "user-1" }, { email: "a@b.example" }, { sub: 5 }]) {
      expect(await verify(await token({ claims }))).toBeNull();
    }
  });

  test.each<[string, Wanted]>([
    ["another audience", { audience: "b".repeat(64) }],
    ["an audience that only starts like ours", { audience: `${audience}a` }],
    ["another issuer", { issuer: "https://evil.cloudflareaccess.com" }],
    ["an issuer with a slash", { issuer: `${issuer}/` }],
    ["an issuer over http", { issuer: `http://${teamDomain}` }],
    ["an end that has passed", { expiresAt: now - 1_000 }],
    ["no end", { expiresAt: null }],
  ])("is refused with %s", async (_case, wanted) => {
    expect(await verify(await token(wanted))).toBeNull();
  });

  test("is refused when somebody else signed it under our key id", async () => {
    expect(await verify(await token({ key: stranger.privateKey }))).toBeNull();
  });

  test("is refused when it is signed with the public key as an HMAC secret", async () => {
    const jwk = await exportJWK(rsa.publicKey);
    const secret = new TextEncoder().encode(JSON.stringify(jwk));
    expect(await verify(await token({ algorithm: "HS256", key: secret }))).toBeNull();
  });

  test("is refused with algorithm none", async () => {
    const unsigned = new UnsecuredJWT({ sub: "user-1", email: "ada@acme.example" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(new Date(now + 60_000))
      .encode();
    expect(await verify(unsigned)).toBeNull();
    expect(await verify(`${unsigned}x`)).toBeNull();
  });

  test.each(["", "x", "a.b.c", "a.b.c.d.e", "' OR 1=1--"])(
    "is refused when it is %j",
    async (text) => {
      expect(await verify(text)).toBeNull();
    },
  );

  test("is neither accepted nor refused while the signing keys cannot be fetched", async () => {
    const keys: JWTVerifyGetKey = () => Promise.reject(new TypeError("network"));
    const attempt = verifyAccessToken(await token(), { ...door, keys }, now);
    await expect(attempt).rejects.toMatchObject({ code: "provider_unavailable" });
    await expect(attempt).rejects.toBeInstanceOf(ApiError);
  });
});
