import { sha256Hex } from "../base/hash.ts";
import type { CompletionToolCall, GatewayRequest } from "../ports/completion.ts";
import { sentenceFor, toolCallsFor } from "./demo-tools.ts";

export interface DemoAnswer {
  text: string;
  toolCalls: readonly CompletionToolCall[];
}

interface ToolResult {
  content: string;
  /** undefined: no call of this conversation has the result's id. */
  call: CompletionToolCall | undefined;
}

interface Prompt {
  system: string;
  asked: string;
  /** Results that answer the last user message. */
  toolResults: readonly ToolResult[];
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
  const answers = messages.slice(last + 1);
  const calls = answers.flatMap((message) =>
    message.role === "assistant" ? (message.toolCalls ?? []) : [],
  );
  return {
    system: messages
      .filter((message) => message.role === "system")
      .map((message) => message.content)
      .join("\n"),
    asked: messages[last]?.content.trim() ?? "",
    toolResults: answers
      .filter((message) => message.role === "tool")
      .map(({ content, toolCallId }) => ({
        content,
        call: calls.find(({ id }) => id === toolCallId),
      })),
  };
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
      `On ${quoted(excerpt(asked))} the demo model has no knowledge of its own. Certain is only that the question was asked; everything else would need a real model.`,
  },
  { matches: /^/, write: writeReply },
];

function textFor(prompt: Prompt): string {
  if (prompt.toolResults.length > 0) {
    return [...prompt.toolResults.map(writeResult), disclaimer].join("\n\n");
  }
  const manner = manners.find(({ matches }) => matches.test(prompt.system));
  return manner === undefined ? writeReply(prompt) : manner.write(prompt);
}

function writeResult({ content, call }: ToolResult): string {
  const sentence = call === undefined ? null : sentenceFor(call, content);
  return sentence ?? `The tool answered: \`${excerpt(content)}\``;
}

function questionsOn(asked: string): string[] {
  const subject = quoted(excerpt(asked).replace(/[?.!]+$/, ""));
  return [
    `What exactly is meant by ${subject}?`,
    `What is known about ${subject}?`,
    `What remains open about ${subject}?`,
  ];
}

function writeReport({ system, asked }: Prompt): string {
  const findings = [...system.matchAll(/^Question: (.*)\nFinding: (.*)/gm)].map(
    ([, question = "", finding = ""]) => `### ${question}\n\n${finding}`,
  );
  return `## ${excerpt(asked)}\n\n${findings.join("\n\n")}\n\n${disclaimer}`;
}

/** Words of a request that are no subject for a poem. */
const stopWords = new Set(
  `about also and another any are but can compose could for from give has have her his how into its just let lines
  make may more not one our out please poem poems poet short sing some tell than that the their them then there these
  they this those two verse want was were what when where which who why will with would write you your`.split(
    /\s+/,
  ),
);

function writePoem({ asked }: Prompt): string {
  const words = (asked.toLowerCase().match(/\p{L}{3,}/gu) ?? []).filter(
    (word) => !stopWords.has(word),
  );
  const [first = "paper", second = "river", third = "lamp"] = words.slice(-3);
  return `A demo model, small and slow,\nwas asked of ${first}, and did not know.\nIt counted ${second} line by line,\nlent every word a steady sign,\nand left the ${third} where it lay:\nthe ledger has it, come what may.`;
}

function writeReply({ asked }: Prompt): string {
  // Now and then a table, so that a newcomer sees what the page can show.
  const isLong = Number.parseInt(sha256Hex(asked).slice(0, 2), 16) % 2 === 0;
  const details = isLong
    ? "\n\n| what | how |\n| --- | --- |\n| this answer | streamed word by word |\n| its price | nominal, by the price table |\n| its receipt | one, beside this reply |"
    : "\n\n1. This answer was streamed word by word.\n2. It has a nominal price and exactly one receipt.\n3. Ask me for the time, a sum such as `2 + 3 * 4`, or your balance, and I call a tool.";
  return `You wrote: ${quoted(excerpt(asked))}.\n\n${disclaimer}${details}`;
}

/** In curly quotes; those that the text has become single ones, so that both are seen. */
function quoted(text: string): string {
  return `“${text.replaceAll("“", "‘").replaceAll("”", "’")}”`;
}

/** One line of bounded length, cut at a code point. */
function excerpt(text: string): string {
  const points = [...text.replace(/\s+/g, " ").trim()];
  return points.length <= 160 ? points.join("") : `${points.slice(0, 159).join("")}…`;
}
