import { utf8Length } from "../base/utf8.ts";
import type { CompletionToolCall, GatewayUsage } from "../ports/completion.ts";
import { servedModelCharsMax } from "./unknown-fact.ts";
import type { ToolCallDelta, UpstreamChunk } from "./upstream-chunk.ts";
import { parseUsage } from "./upstream-chunk.ts";

interface OpenToolCall {
  id: string;
  name: string;
  argsText: string;
}

/** An answer is one row of the journal, as JSON, and a row holds 2 MB of UTF-8. */
const answerBytesMax = 1_500_000;
/** What JSON takes for one character at most, as in `\u0000`, and for the names and marks of one part. */
const charBytesMax = 6;
const partBytes = 60;

/** What a stream has said so far; grows chunk by chunk. */
export class AnswerSoFar {
  text = "";
  /** More came than can be kept, and was left out: the answer is none, but what it used still counts. */
  isTooLong = false;
  bodyId: string | null = null;
  servedModel: string | null = null;
  finishReason: string | null = null;
  /** The last believable one: providers that report as they go count from the start each time. */
  usage: GatewayUsage | null = null;
  /** It came with the finish, after it, or last of all. */
  isUsageWhole = false;
  hasBadUsage = false;
  /** No less than it takes as JSON. */
  #bytesMost = 0;
  #isFinished = false;
  #isUsageLast = false;
  readonly #toolCalls: OpenToolCall[] = [];
  readonly #latestByIndex = new Map<number, OpenToolCall>();

  /** Returns the text that this chunk adds. */
  add(chunk: UpstreamChunk): string {
    if (this.bodyId === null && chunk.id) this.bodyId = chunk.id;
    if (chunk.model) this.servedModel = chunk.model.slice(0, servedModelCharsMax);
    const choice = chunk.choices?.[0];
    for (const delta of choice?.delta?.tool_calls ?? []) this.#addToolCall(delta);
    const content = choice?.delta?.content ?? "";
    const text = this.#hasRoomFor(content) ? content : "";
    this.text += text;
    const finishReason = choice?.finish_reason ?? "";
    if (finishReason !== "") this.#finish(finishReason);
    this.#addUsage(chunk.usage ?? null);
    return text;
  }

  /** Nothing follows. */
  end(): void {
    this.isUsageWhole ||= this.#isUsageLast;
  }

  #addUsage(stated: unknown): void {
    const usage = stated === null ? null : parseUsage(stated);
    this.#isUsageLast = usage !== null;
    if (stated !== null && usage === null) this.hasBadUsage = true;
    if (usage === null) return;
    this.usage = usage;
    this.isUsageWhole = this.#isFinished;
  }

  #finish(reason: string): void {
    this.#isFinished = true;
    if (this.#hasRoomFor(reason)) this.finishReason = reason;
  }

  /** Some providers leave the index out, others number all parallel calls 0: a new id starts a new call. */
  #addToolCall(delta: ToolCallDelta): void {
    const id = delta.id ?? "";
    const name = delta.function?.name ?? "";
    const argsText = delta.function?.arguments ?? "";
    const known =
      typeof delta.index === "number"
        ? this.#latestByIndex.get(delta.index)
        : this.#toolCalls.findLast((call) => id === "" || call.id === id);
    const isNew = known === undefined || (id !== "" && known.id !== "" && known.id !== id);
    if (isNew) {
      const call = { id, name, argsText };
      if (!this.#hasRoomFor(call)) return;
      this.#toolCalls.push(call);
      if (typeof delta.index === "number") this.#latestByIndex.set(delta.index, call);
      return;
    }
    if (!this.#hasRoomFor((known.id === "" ? id : "") + name + argsText)) return;
    if (known.id === "") known.id = id;
    known.name += name;
    known.argsText += argsText;
  }

  /**
   * Counts it in where there is; after the first part that does not fit there is room for none. Nothing is measured until
   * so much has come that it may not fit: a long answer comes in thousands of parts.
   */
  #hasRoomFor(part: string | OpenToolCall): boolean {
    if (part === "") return true;
    const chars = typeof part === "string" ? part : part.id + part.name + part.argsText;
    let bytes = partBytes + chars.length * charBytesMax;
    if (this.#bytesMost + bytes > answerBytesMax) {
      this.#bytesMost = bytesOf([this.text, this.#toolCalls, this.finishReason]);
      bytes = bytesOf(part);
    }
    this.isTooLong ||= this.#bytesMost + bytes > answerBytesMax;
    if (!this.isTooLong) this.#bytesMost += bytes;
    return !this.isTooLong;
  }

  /** As the model gave them: an id may be missing or repeated, and arguments need not be JSON. */
  toolCalls(): CompletionToolCall[] {
    return this.#toolCalls.map((call) => ({ ...call }));
  }
}

function bytesOf(part: unknown): number {
  return utf8Length(JSON.stringify(part));
}
