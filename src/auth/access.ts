import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { ApiError } from "../base/errors.ts";

/** Who Cloudflare Access says is calling. `subject` names the identity for good; an email may change hands. */
export type AccessIdentity =
  | { kind: "person"; subject: string; email: string }
  | { kind: "service"; subject: string; name: string };

export interface AccessDoor {
  /** Host name of the team, such as `acme.cloudflareaccess.com`. */
  teamDomain: string;
  audience: string;
  keys: JWTVerifyGetKey;
}

const claims = z.object({
  sub: z.string().max(200).optional(),
  email: z.string().max(320).optional(),
  common_name: z.string().max(200).optional(),
});

/** The team's published signing keys, fetched when first needed and again when an unknown key id appears. */
export function remoteAccessKeys(teamDomain: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(`https://${teamDomain}/cdn-cgi/access/certs`));
}

/**
 * Verifies `Cf-Access-Jwt-Assertion`: RS256 only, exact issuer and audience, not expired. Null: not acceptable.
 * Throws `provider_unavailable` when the signing keys cannot be fetched, since that says nothing about the token.
 */
export async function verifyAccessToken(
  token: string,
  door: AccessDoor,
  now: number,
): Promise<AccessIdentity | null> {
  try {
    const { payload } = await jwtVerify(token, door.keys, {
      algorithms: ["RS256"],
      issuer: `https://${door.teamDomain}`,
      audience: door.audience,
      requiredClaims: ["exp"],
      currentDate: new Date(now),
    });
    return identityOf(payload);
  } catch (error) {
    if (isRefusal(error)) return null;
    throw new ApiError("provider_unavailable", "Sign-in cannot be checked now. Try again soon.", {
      retryAfterSeconds: 5,
    });
  }
}

/** A person's token has a subject and an email; a service token's has neither, only the name of its client. */
function identityOf(payload: unknown): AccessIdentity | null {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) return null;
  const { sub = "", email = "", common_name: name = "" } = parsed.data;
  if (sub !== "" && email !== "") return { kind: "person", subject: `person:${sub}`, email };
  if (sub === "" && email === "" && name !== "") {
    return { kind: "service", subject: `service:${name}`, name };
  }
  return null;
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}
