import { canonicalJson, sha256Hex } from "../base/hash.ts";
import type { CompletionToolCall, GatewayRequest } from "../ports/completion.ts";

export interface DemoAnswer {
  text: string;
  toolCalls: readonly CompletionToolCall[];
}

interface Prompt {
  system: string;
  asked: string;
  /** Results that answer the last user message. */
  toolResults: readonly string[];
}

/** What the demo model says: the same request always gets the same answer, and every answer to a person says what it is. */
export function demoAnswer(request: GatewayRequest): DemoAnswer {
  const prompt = promptOf(request);
  const toolCalls = prompt.toolResults.length > 0 ? [] : toolCallsFor(request, prompt.asked);
  if (toolCalls.length > 0) return { text: "", toolCalls };
  return { text: textFor(prompt), toolCalls: [] };
}

function promptOf({ messages }: GatewayRequest): Prompt {
  const last = messages.findLastIndex((message) => message.role === "user");
  return {
    system: messages
      .filter((message) => message.role === "system")
      .map((message) => message.content)
      .join("\n"),
    asked: messages[last]?.content.trim() ?? "",
    toolResults: messages
      .slice(last + 1)
      .filter((message) => message.role === "tool")
      .map((message) => message.content),
  };
}

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

function toolCallsFor(request: GatewayRequest, asked: string): CompletionToolCall[] {
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
  const [zone] =
    /\b(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific)\/[A-Za-z_]+/.exec(asked) ?? [];
  return zone === undefined ? {} : { timeZone: zone };
}

const disclaimer =
  "I am the **demo model**: built in, offline and deterministic. I recognise a few requests and understand nothing.";

/** Matched against the system prompt, most specific first; the last one matches everything. */
const manners: readonly { matches: RegExp; write: (prompt: Prompt) => string }[] = [
  { matches: /\bjson (list|array)\b/i, write: ({ asked }) => JSON.stringify(questionsOn(asked)) },
  {
    matches: /one a line, each starting with "- "/i,
    write: ({ asked }) =>
      questionsOn(asked)
        .map((question) => `- ${question}`)
        .join("\n"),
  },
  { matches: /^Finding: /m, write: writeReport },
  {
    matches: /\bdo not answer the question\b|\breview the thoughts\b/i,
    write: () =>
      "- The thoughts repeat the question instead of going beyond it.\n- No source is named.\n- As a demo model I cannot judge more than this.",
  },
  {
    matches: /\bthink about the last message\b/i,
    write: ({ asked }) =>
      `Asked is: ${excerpt(asked)}. Known is nothing beyond that; a demo model has no knowledge. I would repeat what was asked and say so.`,
  },
  { matches: /\bpoet\b|\bpoem\b/i, write: writePoem },
  {
    matches: /\bgiven one question\b/i,
    write: ({ asked }) =>
      `On "${excerpt(asked)}" the demo model has no knowledge of its own. Certain is only that the question was asked; everything else would need a real model.`,
  },
  { matches: /^/, write: writeReply },
];

function textFor(prompt: Prompt): string {
  if (prompt.toolResults.length > 0) {
    const results = prompt.toolResults.map((result) => `- \`${excerpt(result)}\``).join("\n");
    return `The tool answered:\n\n${results}\n\n${disclaimer}`;
  }
  const manner = manners.find(({ matches }) => matches.test(prompt.system));
  return manner === undefined ? writeReply(prompt) : manner.write(prompt);
}

function questionsOn(asked: string): string[] {
  const subject = excerpt(asked).replace(/[?.!]+$/, "");
  return [
    `What exactly is meant by "${subject}"?`,
    `What is known about "${subject}"?`,
    `What remains open about "${subject}"?`,
  ];
}

function writeReport({ system, asked }: Prompt): string {
  const findings = [...system.matchAll(/^Question: (.*)\nFinding: (.*)/gm)].map(
    ([, question = "", finding = ""]) => `### ${question}\n\n${finding}`,
  );
  return `## ${excerpt(asked)}\n\n${findings.join("\n\n")}\n\n${disclaimer}`;
}

function writePoem({ asked }: Prompt): string {
  const words = (asked.match(/\p{L}{4,}/gu) ?? []).slice(-3);
  const [first = "paper", second = "river", third = "lamp"] = words.map((word) =>
    word.toLowerCase(),
  );
  return `A demo model, small and slow,\nwas asked of ${first}, and did not know.\nIt counted ${second} line by line,\nlent every word a steady sign,\nand left the ${third} where it lay:\nthe ledger has it, come what may.`;
}

function writeReply({ asked }: Prompt): string {
  // Now and then a table, so that a newcomer sees what the page can show.
  const isLong = Number.parseInt(sha256Hex(asked).slice(0, 2), 16) % 2 === 0;
  const details = isLong
    ? "\n\n| what | how |\n| --- | --- |\n| this answer | streamed word by word |\n| its price | nominal, by the price table |\n| its receipt | one, beside this reply |"
    : "\n\n1. This answer was streamed word by word.\n2. It has a nominal price and exactly one receipt.\n3. Ask me for the time, a sum such as `2 + 3 * 4`, or your balance, and I call a tool.";
  return `You wrote: “${excerpt(asked)}”.\n\n${disclaimer}${details}`;
}

/** One line of bounded length, cut at a code point. */
function excerpt(text: string): string {
  const points = [...text.replace(/\s+/g, " ").trim()];
  return points.length <= 160 ? points.join("") : `${points.slice(0, 159).join("")}…`;
}
