import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, pageOf } from "../../src/billing/cursor.ts";

describe("a cursor", () => {
  it("leads back to its place", () => {
    const id = fc.stringMatching(/^[a-z]{1,5}_[0-9a-z]{1,26}$/);
    fc.assert(
      fc.property(fc.nat(), id, (at, name) => {
        const place = { at, id: name };
        expect(decodeCursor(encodeCursor(place))).toEqual(place);
        expect(encodeCursor(place)).toMatch(/^[\w-]+$/);
      }),
    );
  });

  it("is absent on the first page", () => {
    expect(decodeCursor(undefined)).toBeNull();
  });

  const b64 = (text: string) => btoa(text).replace(/=+$/, "");
  const wrong = [
    "x",
    "not base64!",
    "' OR 1=1--",
    b64("[]"),
    b64('[1,"a",2]'),
    b64('["1","a"]'),
    b64('[-1,"a"]'),
    b64('[0.5,"a"]'),
    b64('[1e300,"a"]'),
    b64('[null,"a"]'),
    b64("[1,2]"),
    b64('[1,""]'),
    b64('[1,"a b"]'),
    b64('[1, "a"]'),
    b64('{"at":1,"id":"a"}'),
    b64(`[1,"${"a".repeat(201)}"]`),
  ];
  it.each(wrong)("that no list gave out is refused: %s", (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });
});

describe("a page", () => {
  const placeOf = (at: number) => ({ at, id: "x" });

  it("leads on only when there is more", () => {
    expect(pageOf([3, 2, 1], 2, placeOf)).toEqual({
      items: [3, 2],
      nextCursor: encodeCursor({ at: 2, id: "x" }),
    });
    expect(pageOf([2, 1], 2, placeOf)).toEqual({ items: [2, 1], nextCursor: null });
    expect(pageOf([], 2, placeOf)).toEqual({ items: [], nextCursor: null });
  });
});
