import { isCommand, Overwrite, Send } from "@langchain/langgraph";
import { toBase64 } from "./bytes.ts";
import { isMessage, takeApart } from "./message-codec.ts";
import { tag } from "./tag.ts";
import type { Tree } from "./tag.ts";

/**
 * A value as JSON text that `decode` turns back into an equal value. Takes JSON, `undefined`, bigints, all numbers,
 * `Date`, `Map`, `Set`, `RegExp`, `Uint8Array`, errors (name and message), LangChain's messages and LangGraph's `Send`,
 * `Command`, `Overwrite` and delta snapshots.
 *
 * Throws a `TypeError` for everything else, such as functions, instances of other classes and cycles: they would come
 * back as something different, long after the step that made them.
 */
export function encode(value: unknown): string {
  return JSON.stringify(toTree(value, new Set()));
}

function toTree(value: unknown, parents: Set<object>): Tree {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Object.is(value, -0)) return tagged("number", "-0");
      return Number.isFinite(value) ? value : tagged("number", String(value));
    case "undefined":
      return tagged("undefined", null);
    case "bigint":
      return tagged("bigint", String(value));
    case "object":
      return value === null ? null : enter(value, parents);
    default:
      throw new TypeError(`a ${typeof value} cannot be checkpointed`);
  }
}

function enter(value: object, parents: Set<object>): Tree {
  if (parents.has(value))
    throw new TypeError("a value that contains itself cannot be checkpointed");
  parents.add(value);
  const tree = objectToTree(value, (part) => toTree(part, parents));
  parents.delete(value);
  return tree;
}

function objectToTree(value: object, inner: (part: unknown) => Tree): Tree {
  if (Array.isArray(value)) return Array.from(value, inner);
  if (isPlain(value)) {
    const entries = Object.entries(value).map(([key, part]): [string, Tree] => [key, inner(part)]);
    return Object.hasOwn(value, tag) ? tagged("object", entries) : Object.fromEntries(entries);
  }
  if (isMessage(value)) {
    const [kind, fields] = takeApart(value);
    return tagged("message", [kind, inner(fields)]);
  }
  if (value instanceof Date) return tagged("date", inner(value.getTime()));
  if (value instanceof Map) return tagged("map", inner([...value]));
  if (value instanceof Set) return tagged("set", inner([...value]));
  if (value instanceof RegExp) return tagged("regexp", [value.source, value.flags]);
  if (value instanceof Uint8Array) return tagged("bytes", toBase64(value));
  if (value instanceof Error) return tagged("error", [value.name, value.message]);
  return graphValueToTree(value, inner);
}

function graphValueToTree(value: object, inner: (part: unknown) => Tree): Tree {
  if (value instanceof Send) {
    const parts: Record<string, unknown> = { node: value.node, args: value.args };
    if (value.timeout !== undefined) parts["timeout"] = value.timeout;
    return tagged("send", inner(parts));
  }
  if (isCommand(value)) {
    const { graph, update, resume, goto } = value;
    return tagged("command", inner({ graph, update, resume, goto }));
  }
  if (value instanceof Overwrite) return tagged("overwrite", inner(value.value));
  if (isDeltaSnapshot(value)) return tagged("delta_snapshot", inner(value.value));
  throw new TypeError(`an instance of ${value.constructor.name} cannot be checkpointed`);
}

function tagged(kind: string, payload: Tree): Tree {
  return { [tag]: [kind, payload] };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** LangGraph recognises its snapshots by this mark, and does not export their class. */
function isDeltaSnapshot(value: object): value is { value: unknown } {
  return "lg_name" in value && value.lg_name === "DeltaSnapshot" && "value" in value;
}
