import { expect, test } from "vitest";
import { isLoopback } from "../../src/auth/loopback.ts";

test.each([
  "http://localhost/",
  "http://localhost:8787/",
  "http://127.0.0.1:1/",
  "http://[::1]:8787/",
])("%s is this machine", (address) => {
  expect(isLoopback(new URL(address))).toBe(true);
});

test.each([
  "http://localhost.evil.com/",
  "http://evil-localhost/",
  "http://127.0.0.1.nip.io/",
  "http://localhost./",
  "http://127.0.0.2/",
  "http://0.0.0.0/",
  "http://[::]/",
  "http://[::ffff:127.0.0.1]/",
  "http://192.168.1.10/",
  "http://user:localhost@evil.com/",
  "https://runledger.example/",
])("%s is not", (address) => {
  expect(isLoopback(new URL(address))).toBe(false);
});

test("other spellings of 127.0.0.1 are what a browser makes of them", () => {
  expect(isLoopback(new URL("http://2130706433/"))).toBe(true);
});
