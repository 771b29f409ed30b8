const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Whether a request was addressed to this machine by one of its three plain names. Exact on purpose: `localhost.evil.com`,
 * `127.0.0.1.nip.io` and `localhost.` may resolve to this machine and still belong to somebody else (DNS rebinding). That
 * the address is the one that was asked is seen to by `scripts/front.mjs`.
 */
export function isLoopback(url: URL): boolean {
  return loopbackHosts.has(url.hostname);
}
