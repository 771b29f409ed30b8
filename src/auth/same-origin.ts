/** What makes a request another site's doing. */
export type OriginRefusal = "foreign_origin" | "cross_site";

/** Absent is allowed for programs: a browser states the origin of every unsafe request and of every socket. */
export function isOwnOrigin(headers: Headers, url: URL, allowed: readonly string[]): boolean {
  const origin = headers.get("origin");
  return origin === null || origin === url.origin || allowed.includes(origin);
}

/**
 * Guards requests whose credential a browser adds by itself. Sibling subdomains (`same-site`) are as foreign as any other
 * site: they may belong to other people.
 */
export function originRefusal(
  headers: Headers,
  url: URL,
  allowed: readonly string[],
): OriginRefusal | null {
  if (!isOwnOrigin(headers, url, allowed)) return "foreign_origin";
  const site = headers.get("sec-fetch-site");
  return site === "cross-site" || site === "same-site" ? "cross_site" : null;
}
