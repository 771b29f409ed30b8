import { describe, expect, it } from "vitest";
import { importsOf } from "./imports.ts";
import { at, calleeName, type Finding, readSources, type Source, visit } from "./source.ts";

const unit = "src/completion/execute-completion-unit.ts";
/** Hands the unit to the in-process transport, which alone is given it. */
const composition = "src/compose.ts";
const providerSdks =
  /^npm:(openai|@anthropic-ai\/|@google\/|@google-cloud\/|@mistralai\/|cohere-ai|groq-sdk|ollama|ai$|ai\/|@ai-sdk\/|@langchain\/(openai|anthropic|google|mistral|ollama|groq))/;

/** Every way to a model that does not pass through the completion unit, and so not through the journal and billing. */
function waysAroundTheUnit(source: Source): Finding[] {
  const found: Finding[] = [];
  visit(source, {
    CallExpression(call) {
      const name = calleeName(call);
      if (name === "executeStream" && source.path !== unit)
        found.push(at(source, call, "calls a gateway itself"));
      if (name === "executeCompletionUnit" && source.path !== composition)
        found.push(at(source, call, "calls the completion unit"));
    },
    Literal(node) {
      if (typeof node.value === "string") checkUrl(node, node.value);
    },
    TemplateElement(node) {
      checkUrl(node, node.value.raw);
    },
  });
  for (const { target } of importsOf(source)) {
    if (providerSdks.test(target)) found.push(`${source.path} imports ${target}`);
  }
  return found;

  function checkUrl(node: { start: number }, text: string) {
    const isModelUrl = /chat\/completions|\/v1\/(messages|responses|completions)\b/.test(text);
    if (isModelUrl && !source.path.startsWith("src/completion/"))
      found.push(at(source, node, "names a model API's address"));
  }
}

describe("BILLABLE_AI_THROUGH_EXECUTOR", () => {
  const sources = readSources(["src", "graphs"]);

  it("no model is reached except through the completion unit that the composition root hands out", () => {
    expect(sources.flatMap(waysAroundTheUnit)).toEqual([]);
  });

  it("the completion unit and the composition exist, so the exceptions are about something real", () => {
    for (const path of [unit, composition]) {
      const source = sources.find((candidate) => candidate.path === path);
      expect(source && waysAroundTheUnit({ ...source, path: "src/other.ts" })).not.toEqual([]);
    }
  });

  it.each([
    ["src/run/life/drive.ts", "const events = gateway.executeStream(request);"],
    ["src/completion/demo.ts", "const events = inner?.executeStream(request);"],
    ["src/routes/runs.ts", "const unit = executeCompletionUnit(deps, request);"],
    ["graphs/poet/graph.ts", "await fetch(`${base}/chat/completions`, { method: 'POST' });"],
    ["src/tools/web.ts", "await fetch(base + '/v1/messages');"],
    ["graphs/poet/graph.ts", `import { ChatOpenAI } from "@langchain/openai";`],
    ["src/tools/web.ts", `const { generateText } = await import("ai");`],
    ["src/tools/web.ts", `import OpenAI from "openai";`],
  ])("refuses in %s: %s", (path, text) => {
    expect(waysAroundTheUnit({ path, text })).toHaveLength(1);
  });

  it.each([
    [unit, "const events = deps.gateway.executeStream(request);"],
    [composition, "const unit = executeCompletionUnit(deps, request);"],
    ["src/completion/openai-compatible.ts", "await fetch(`${base}/chat/completions`);"],
    ["src/completion/demo.ts", "export const demo = { async *executeStream(request) {} };"],
  ])("lets through in %s: %s", (path, text) => {
    expect(waysAroundTheUnit({ path, text })).toEqual([]);
  });
});
