import type { ESTree } from "vite";
import { describe, expect, it } from "vitest";
import { at, calleeName, type Finding, readSources, type Source, visit } from "./source.ts";

/** Words that name what people wrote, what a model answered, or what opens a door. */
const telling =
  /^(messages?|contents?|prompts?|text|delta|body|args|input|output|answer|(api|virtual)?_?key|secrets?|pepper|authorization|auth|cookie|headers?|token|password|email|configurable|error|cause|stack|err)$/i;

/** Fields of log lines and attributes of spans whose name says that they carry a text or a secret. */
function tellingFields(source: Source): Finding[] {
  const found: Finding[] = [];
  visit(source, {
    CallExpression(call) {
      const fields = fieldsOf(call);
      if (fields?.type !== "ObjectExpression") return;
      for (const property of fields.properties) {
        const name = property.type === "Property" ? nameOf(property.key) : null;
        if (name !== null && telling.test(name)) found.push(at(source, property, `field ${name}`));
      }
    },
  });
  return found;
}

function fieldsOf(call: ESTree.CallExpression): ESTree.Argument | undefined {
  const [first, second, third] = call.arguments;
  const name = calleeName(call);
  const isLog =
    name === "log" &&
    first?.type === "Literal" &&
    /^(debug|info|warn|error)$/.test(`${first.value}`);
  if (isLog) return third;
  if (name === "startSpan") return second;
  const isSpanSet = name === "set" && call.arguments.length === 1;
  return isSpanSet ? first : undefined;
}

function nameOf(key: ESTree.PropertyKey): string | null {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : null;
}

describe("logs and traces", () => {
  const sources = readSources(["src", "graphs"]);

  it("carry no field that names a text, a key or a secret", () => {
    expect(sources.flatMap(tellingFields)).toEqual([]);
  });

  it.each([
    `deps.log.log("info", "run.started", { runId, message });`,
    `log.log("error", "gateway.failed", { content: text });`,
    `log.log("warn", "auth.refused", { "authorization": header });`,
    `log.log("debug", "x", { apiKey });`,
    `tracer.startSpan("call", { prompt: request.prompt });`,
    `span.set({ secret: config.secret });`,
  ])("refuse %s", (text) => {
    expect(tellingFields({ path: "src/x.ts", text })).toHaveLength(1);
  });

  it.each([
    `log.log("info", "run.started", { runId, attempt, inputTokens, errorCode, keyId });`,
    `const line = { message: "for the caller" };`,
    `Math.log("info");`,
  ])("let through %s", (text) => {
    expect(tellingFields({ path: "src/x.ts", text })).toEqual([]);
  });
});
