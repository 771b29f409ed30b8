import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeClose, reconnectDelayMs } from "../../src/client/reconnect.ts";

test("the wait grows, and stays between half a step and the limit", () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const delay = reconnectDelayMs(failures, () => random);
      expect(delay).toBeGreaterThanOrEqual(200);
      expect(delay).toBeLessThanOrEqual(15_000);
    }),
  );
  expect(reconnectDelayMs(3, () => 1)).toBe(3_200);
  expect(reconnectDelayMs(0, () => 0)).toBe(200);
});

test("a finished run is not followed again", () => {
  expect(judgeClose(1000)).toEqual({ kind: "finished" });
});

test.each([4400, 4401, 4404, 4410])("close code %i says why and is not tried again", (code) => {
  expect(judgeClose(code)).toMatchObject({ kind: "lost", message: expect.stringMatching(/\.$/) });
});

test.each([1001, 1006, 1009, 1011, 1012])("close code %i is tried again", (code) => {
  expect(judgeClose(code)).toEqual({ kind: "retry" });
});
