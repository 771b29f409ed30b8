import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../src/base/errors.ts";
import { decodeCursor, encodeCursor, pageOf } from "../../src/base/paging.ts";

describe("a cursor", () => {
  it("leads back to its place", () => {
    const id = fc.stringMatching(/^[a-z]{1,5}_[0-9a-z]{1,26}$/);
    fc.assert(
      fc.property(fc.nat(), id, (at, name) => {
        const place = { at, id: name };
        expect(decodeCursor("runs", encodeCursor("runs", place))).toEqual(place);
        expect(encodeCursor("runs", place)).toMatch(/^[\w-]+$/);
      }),
    );
  });

  it("is absent on the first page", () => {
    expect(decodeCursor("runs", undefined)).toBeNull();
  });

  const b64 = (text: string) => btoa(text).replace(/=+$/, "");
  const wrong = [
    "x",
    "not base64!",
    "' OR 1=1--",
    b64("[]"),
    b64('["runs",1,"a",2]'),
    b64('["runs","1","a"]'),
    b64('["runs",-1,"a"]'),
    b64('["runs",0.5,"a"]'),
    b64('["runs",1e300,"a"]'),
    b64('["runs",null,"a"]'),
    b64('["runs",1,2]'),
    b64('["runs",1,""]'),
    b64('["runs",1,"a b"]'),
    b64('["runs",1, "a"]'),
    b64('[1,"a"]'),
    b64('["keys",1,"a"]'),
    b64('{"at":1,"id":"a"}'),
    b64(`["runs",1,"${"a".repeat(201)}"]`),
  ];
  it.each(wrong)("that no list gave out is refused: %s", (cursor) => {
    expect(() => decodeCursor("runs", cursor)).toThrow(InvalidInput);
  });
});

describe("a page", () => {
  const placeOf = (at: number) => ({ at, id: "x" });

  it("leads on only when there is more", () => {
    expect(pageOf("runs", [3, 2, 1], 2, placeOf)).toEqual({
      items: [3, 2],
      nextCursor: encodeCursor("runs", { at: 2, id: "x" }),
    });
    expect(pageOf("runs", [2, 1], 2, placeOf)).toEqual({ items: [2, 1], nextCursor: null });
    expect(pageOf("runs", [], 2, placeOf)).toEqual({ items: [], nextCursor: null });
  });
});
