import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonDepthMax, jsonProblem } from "../../src/routes/json-text.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("JSON at the door", () => {
  test.each([
    "{}",
    "[]",
    "null",
    '"text"',
    ' { "a" : [ 1, {"b":"{[}]:,"} ] } ',
    '{"a\\"b":1,"a":2}',
  ])("%s is sound", (text) => {
    expect(jsonProblem(text)).toBeNull();
  });

  test.each(["", "{", '{"a":}', "{'a':1}", "undefined", "NaN", '{"a":1,}'])(
    "%j is not JSON",
    (text) => {
      expect(jsonProblem(text)).toBe("The body is not valid JSON.");
    },
  );

  test("may be nested to the limit and no deeper, also beyond what recursion could read", () => {
    expect(jsonProblem(nested(jsonDepthMax))).toBeNull();
    for (const depth of [jsonDepthMax + 1, 10_000, 120_000]) {
      expect(jsonProblem(nested(depth))).toMatch(/nested/);
    }
    expect(jsonProblem('{"a":'.repeat(10_000) + "1" + "}".repeat(10_000))).toMatch(/nested/);
  });

  test.each([
    '{"a":1,"a":2}',
    '{"x":{"a":1,"b":[],"a":2}}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{}},{"a":1,"a":1}]',
  ])("%s has a key twice", (text) => {
    expect(jsonProblem(text)).toMatch(/twice/);
  });

  test("the same key in different objects is no repetition", () => {
    expect(jsonProblem('{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}')).toBeNull();
  });

  test.each(['{"__proto__":{}}', '{"a":[{"\\u005f_proto__":1}]}'])("%s is refused", (text) => {
    expect(jsonProblem(text)).toMatch(/__proto__/);
  });

  test("__proto__ as a value is plain text", () => {
    expect(jsonProblem('{"a":"__proto__","b":["__proto__"]}')).toBeNull();
  });

  test("everything that JSON.stringify writes is sound unless it is deep or says __proto__", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('"__proto__":'));
        expect(jsonProblem(text)).toBeNull();
      }),
    );
  });
});
