import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../src/completion/gateway-errors.ts";

const nowMs = Date.UTC(2026, 10, 21);

describe("Retry-After", () => {
  it.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "1.5" }, 1_500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after-ms": "250", "retry-after": "7" }, 250],
    [{ "retry-after": "Sat, 21 Nov 2026 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "Saturday, 21-Nov-26 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "Fri, 20 Nov 2026 00:00:00 GMT" }, 0],
    [{ "retry-after": "-5" }, null],
    [{ "retry-after": "soon" }, null],
    [{ "retry-after": "1e9" }, null],
    [{ "retry-after": "99999999999999" }, null],
    [{ "retry-after-ms": "x", "retry-after": "3" }, 3_000],
    [{}, null],
  ])("%j asks for %s ms", (headers, ms) => {
    expect(retryAfterMs(new Headers(headers), nowMs)).toBe(ms);
  });
});
