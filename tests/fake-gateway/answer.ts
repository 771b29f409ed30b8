import { createHash } from "node:crypto";
import type { Directives, WireMessage } from "./directives.ts";
import { countToolResults, lastUserText, sawToolResult, withoutDirectives } from "./directives.ts";

/** USD per token in units of 1e-8: 0.15 and 0.60 USD per million tokens. */
export const inputPriceE8 = 15n;
export const outputPriceE8 = 60n;

export interface FakeToolCall {
  id: string;
  name: string;
  argsText: string;
}

export interface FakeAnswer {
  tokens: readonly string[];
  toolCalls: readonly FakeToolCall[];
  usage: Record<string, unknown> | null;
  /** What was really consumed, whatever `usage` claims. */
  inputTokens: number;
  outputTokens: number;
  /** Exact decimal text of the real cost. */
  costUsd: string;
}

/** The same request always gets the same answer. */
export function answerFor(messages: readonly WireMessage[], directives: Directives): FakeAnswer {
  const toolCalls = toolCallsFor(messages, directives);
  const tokens = toolCalls.length > 0 ? [] : tokensFor(messages, directives);
  const inputTokens = Math.max(1, Math.ceil(JSON.stringify(messages).length / 4));
  const outputTokens =
    tokens.length +
    toolCalls.reduce((sum, call) => sum + Math.ceil(call.argsText.length / 4) + 2, 0);
  return {
    tokens,
    toolCalls,
    inputTokens,
    outputTokens,
    usage: usageFor(inputTokens, outputTokens, directives),
    costUsd: costOf(inputTokens, outputTokens),
  };
}

export function costOf(inputTokens: number, outputTokens: number): string {
  const units = BigInt(inputTokens) * inputPriceE8 + BigInt(outputTokens) * outputPriceE8;
  const digits = units.toString().padStart(9, "0");
  const fraction = digits.slice(-8).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -8) : `${digits.slice(0, -8)}.${fraction}`;
}

function tokensFor(messages: readonly WireMessage[], directives: Directives): string[] {
  const said = directives.text("say");
  if (said !== null) return said.split(/(?<=\s)/);
  if (directives.has("split-utf8")) return "Grüße 🦜 aus Zürich – naïve 日本語 👩‍👩‍👧".split(/(?<=\s)/);
  const text = lastUserText(messages);
  const hash = createHash("sha256").update(text).digest("hex");
  if (directives.has("tokens")) {
    const count = directives.number("tokens", 0);
    return Array.from({ length: count }, (_, index) => `w${hash.slice(0, 4)}-${index} `);
  }
  const prefix = sawToolResult(messages) ? "With the tool's answer" : "You said";
  return `${prefix}: ${withoutDirectives(text).slice(0, 400)} (${hash.slice(0, 8)})`.split(
    /(?<=\s)/,
  );
}

/** `loop` asks for its tool again and again; with `loop-times`, until it has had that many results. */
function toolCallsFor(messages: readonly WireMessage[], directives: Directives): FakeToolCall[] {
  const goesOn = countToolResults(messages) < directives.number("loop-times", Infinity);
  const looping = goesOn ? directives.texts("loop") : [];
  const asked =
    looping.length > 0 ? looping : sawToolResult(messages) ? [] : directives.texts("tool");
  const single = asked[0];
  const wanted =
    directives.has("parallel-tools") && asked.length === 1 && single !== undefined
      ? [single, single]
      : asked;
  const turn = messages.filter((message) => message.role === "tool").length;
  const salt = createHash("sha256").update(lastUserText(messages)).digest("hex").slice(0, 8);
  return wanted.map((text, index) => {
    const space = text.indexOf(" ");
    const name = space < 0 ? text : text.slice(0, space);
    const args = space < 0 ? "{}" : text.slice(space + 1).trim();
    return {
      id: directives.has("dup-tool-ids") ? "call_same" : `call_${salt}_${turn}_${index}`,
      name,
      argsText: directives.has("bad-args") ? '{"broken": ' : args,
    };
  });
}

function usageFor(
  inputTokens: number,
  outputTokens: number,
  directives: Directives,
): Record<string, unknown> | null {
  if (directives.has("no-usage")) return null;
  const zero = directives.has("zero-usage");
  const prompt = zero ? 0 : inputTokens;
  const completion = zero ? 0 : outputTokens;
  const usage: Record<string, unknown> = {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: directives.number("cached", 0) },
    completion_tokens_details: { reasoning_tokens: directives.number("reasoning", 0) },
  };
  if (directives.has("usage-cost")) {
    const stated = directives.text("usage-cost");
    usage["cost"] = Number(stated === "" ? costOf(inputTokens, outputTokens) : stated);
  }
  const bad = directives.text("bad-usage");
  if (bad === "negative") usage["prompt_tokens"] = -5;
  if (bad === "fractional") usage["completion_tokens"] = 2.5;
  if (bad === "string") usage["prompt_tokens"] = "12";
  if (bad === "huge") usage["prompt_tokens"] = 2 ** 60;
  if (bad === "cached") usage["prompt_tokens_details"] = { cached_tokens: prompt + 100 };
  return usage;
}
