import { z } from "zod";
import { canonicalJson, sha256Hex } from "../base/hash.ts";
import type { CompletionToolCall, GatewayRequest } from "../ports/completion.ts";

/** Which offered tool a question is for. */
const toolHints: readonly {
  name: string;
  matches: RegExp;
  args: (asked: string) => object | null;
}[] = [
  {
    name: "core__calculator",
    matches: /\d\s*[-+*/^%×÷]\s*\(?\s*\d/,
    args: (asked) => expressionIn(asked),
  },
  {
    name: "core__current_time",
    matches: /\b(time|date|today|clock|weekday|uhr|spät|datum|heute)\b/i,
    args: (asked) => zoneIn(asked),
  },
  {
    name: "core__own_usage",
    matches: /\b(usage|balance|credits?|spent|cost me|guthaben|verbrauch\w*)\b/i,
    args: () => ({}),
  },
];

/** The calls that a question asks for, of the tools that the request offers. */
export function toolCallsFor(request: GatewayRequest, asked: string): CompletionToolCall[] {
  const offered = new Set(request.tools.map((tool) => tool.name));
  const calls: CompletionToolCall[] = [];
  for (const { name, matches, args } of toolHints) {
    if (!offered.has(name) || !matches.test(asked)) continue;
    const found = args(asked);
    if (found === null) continue;
    // The dispatch makes the id differ from those of earlier turns that asked the same.
    const id = `call_${sha256Hex(canonicalJson([request.dispatchId, name])).slice(0, 16)}`;
    calls.push({ id, name, argsText: JSON.stringify(found) });
  }
  return calls;
}

function expressionIn(asked: string): object | null {
  const [longest] = [...asked.matchAll(/[\d(][\d\s.()+*/^%×÷-]*[\d)]/g)]
    .map(([text]) => text.trim())
    .filter((text) => /[-+*/^%×÷]/.test(text))
    .sort((a, b) => b.length - a.length);
  if (longest === undefined) return null;
  return { expression: longest.replaceAll("×", "*").replaceAll("÷", "/") };
}

function zoneIn(asked: string): object {
  const [named] =
    /\b(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific)\/[A-Za-z_]+/.exec(asked) ?? [];
  const zone = named ?? zoneOfCityIn(asked);
  return zone === undefined ? {} : { timeZone: zone };
}

/** A city is known by the last part of a zone's name; the longest one wins, so that a name within a name does not. */
function zoneOfCityIn(asked: string): string | undefined {
  const words = asWords(asked);
  let best: { zone: string; city: string } | undefined;
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const city = asWords(zone.slice(zone.lastIndexOf("/") + 1));
    if (words.includes(city) && city.length > (best?.city.length ?? 0)) best = { zone, city };
  }
  return best?.zone;
}

/** Lower case without accents, a space around each word: ` rome ` is found as a word, and not in `chrome`. */
function asWords(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return ` ${plain.replaceAll(/[^\p{L}]+/gu, " ").trim()} `;
}

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("is not JSON");
    return z.NEVER;
  }
});

const timeResult = jsonText.pipe(
  z.object({ local: z.iso.datetime({ offset: true }), weekday: z.string(), timeZone: z.string() }),
);
const sumResult = jsonText.pipe(z.object({ result: z.string(), isExact: z.boolean() }));
const sumArgs = jsonText.pipe(z.object({ expression: z.string() }));
const usageResult = jsonText.pipe(z.object({ availableUsd: z.string().regex(/^-?\d+\.\d{2,}$/) }));

/** A tool's answer as a sentence; null when the tool or the form of its answer is not known. */
export function sentenceFor(call: CompletionToolCall, result: string): string | null {
  switch (call.name) {
    case "core__current_time": {
      const { data } = timeResult.safeParse(result);
      if (data === undefined) return null;
      return `It is ${data.local.slice(11, 16)} in ${data.timeZone} (${data.weekday}).`;
    }
    case "core__calculator": {
      const { data } = sumResult.safeParse(result);
      const { data: args } = sumArgs.safeParse(call.argsText);
      if (data === undefined || args === undefined) return null;
      return `${args.expression} ${data.isExact ? "=" : "≈"} ${data.result}.`;
    }
    case "core__own_usage": {
      const { data } = usageResult.safeParse(result);
      if (data === undefined) return null;
      const [, sign = "", cents = ""] = /^(-?)(\d+\.\d\d)/.exec(data.availableUsd) ?? [];
      return `You have ${sign}$${cents} left.`;
    }
    default:
      return null;
  }
}
