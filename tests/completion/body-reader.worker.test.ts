import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type BodyReader, readerOf } from "../../src/completion/body-reader.ts";

/** Longer than any test may take: a rest that is not cut short fails by the test's own limit. */
const forEver = 3_600_000;

/** Reads the body of a real answer; `directives` tell the fake gateway what to send. */
async function readerFor(directives: string): Promise<BodyReader> {
  const messages = [{ role: "user", content: directives }];
  const response = await fetch(`${env.GATEWAY_BASE_URL}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "fake/model", messages, stream: true }),
  });
  if (response.body === null) throw new Error("the gateway answers with a body");
  return readerOf(response.body);
}

const decoder = new TextDecoder();
const eventsIn = (text: string) => text.split("\n\n").length - 1;

describe("reading a body in workerd", () => {
  it("holds nothing back while the upstream pauses", async () => {
    const reader = await readerFor("[[tokens:9]] [[stall:3]]");
    let text = "";
    while (eventsIn(text) < 3) text += decoder.decode(await reader.read());
    expect(text).not.toContain("[DONE]");
    await reader.cancel();
  });

  it("gives in few pieces, whole and in order, what arrives during a rest", async () => {
    const reader = await readerFor("[[tokens:2000]]");
    const pieces = [decoder.decode(await reader.read(), { stream: true })];
    await reader.rest(forEver);
    for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
      pieces.push(decoder.decode(bytes, { stream: true }));
    }
    const text = pieces.join("");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(eventsIn(text)).toBeGreaterThan(2_000);
    expect(pieces.length).toBeLessThan(200);
  });

  it("ends a rest when it is cancelled", async () => {
    const reader = await readerFor("[[tokens:9]] [[stall:1]]");
    await reader.read();
    const resting = reader.rest(forEver);
    await reader.cancel();
    await resting;
  });

  it("gives what came before the connection broke, and then fails", async () => {
    const reader = await readerFor("[[tokens:9]] [[delay:2]] [[cut:5]]");
    let text = decoder.decode(await reader.read(), { stream: true });
    await reader.rest(forEver);
    const readOn = async () => {
      for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
        text += decoder.decode(bytes, { stream: true });
      }
    };
    await expect(readOn()).rejects.toThrow("connection");
    // The fake's last chunk may go down with its connection.
    expect(eventsIn(text)).toBeGreaterThanOrEqual(5);
  });
});
