import type { CompletionToolCall, GatewayUsage } from "../ports/completion.ts";
import type { ToolCallDelta, UpstreamChunk } from "./upstream-chunk.ts";
import { parseUsage } from "./upstream-chunk.ts";

interface OpenToolCall {
  id: string;
  name: string;
  argsText: string;
}

/** What a stream has said so far; grows chunk by chunk. */
export class AnswerSoFar {
  text = "";
  /** Characters of text and of tool arguments together. */
  size = 0;
  bodyId: string | null = null;
  servedModel: string | null = null;
  finishReason: string | null = null;
  /** The last believable one: providers that report as they go count from the start each time. */
  usage: GatewayUsage | null = null;
  hasBadUsage = false;
  readonly #toolCalls: OpenToolCall[] = [];
  readonly #latestByIndex = new Map<number, OpenToolCall>();

  /** Returns the text that this chunk adds. */
  add(chunk: UpstreamChunk): string {
    if (this.bodyId === null && chunk.id) this.bodyId = chunk.id;
    if (chunk.model) this.servedModel = chunk.model;
    if (chunk.usage !== null && chunk.usage !== undefined) {
      const usage = parseUsage(chunk.usage);
      if (usage === null) this.hasBadUsage = true;
      else this.usage = usage;
    }
    const choice = chunk.choices?.[0];
    if (choice === undefined) return "";
    for (const delta of choice.delta?.tool_calls ?? []) this.#addToolCall(delta);
    if (choice.finish_reason) this.finishReason = choice.finish_reason;
    const text = choice.delta?.content ?? "";
    this.text += text;
    this.size += text.length;
    return text;
  }

  /** Some providers leave the index out, others number all parallel calls 0: a new id starts a new call. */
  #addToolCall(delta: ToolCallDelta): void {
    const id = delta.id ?? "";
    const known =
      typeof delta.index === "number"
        ? this.#latestByIndex.get(delta.index)
        : this.#toolCalls.findLast((call) => id === "" || call.id === id);
    const isNew = known === undefined || (id !== "" && known.id !== "" && known.id !== id);
    const call = isNew ? { id, name: "", argsText: "" } : known;
    if (isNew) {
      this.#toolCalls.push(call);
      if (typeof delta.index === "number") this.#latestByIndex.set(delta.index, call);
    }
    if (call.id === "") call.id = id;
    call.name += delta.function?.name ?? "";
    const args = delta.function?.arguments ?? "";
    call.argsText += args;
    this.size += args.length;
  }

  /** As the model gave them: an id may be missing or repeated, and arguments need not be JSON. */
  toolCalls(): CompletionToolCall[] {
    return this.#toolCalls.map((call) => ({ ...call }));
  }
}
