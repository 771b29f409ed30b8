import { Command, Overwrite, Send } from "@langchain/langgraph";
import type { SendOptions } from "@langchain/langgraph";
import { fromBase64 } from "./bytes.ts";
import { putTogether } from "./message-codec.ts";
import { tag } from "./tag.ts";
import type { Tree } from "./tag.ts";

/**
 * The value that `encode` made the text of. Only the kinds listed here are ever constructed; every other object, a
 * serialised LangChain object among them, is data and stays data. Throws for a kind that newer code has written.
 */
export function decode(text: string): unknown {
  return fromTree(JSON.parse(text) as Tree);
}

/** The value of a text that was parsed already. */
export function fromTree(tree: Tree): unknown {
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map(fromTree);
  if (!Object.hasOwn(tree, tag)) return fromEntries(Object.entries(tree));
  // Only the encoder writes the tag, and always with these two.
  const [kind, payload] = tree[tag] as [string, Tree];
  return construct(kind, payload);
}

/** Defines each key as the object's own, so that one named `__proto__` stays a key. */
function fromEntries(entries: readonly [string, Tree][]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, part]) => [key, fromTree(part)]));
}

function construct(kind: string, payload: Tree): unknown {
  switch (kind) {
    case "object":
      return fromEntries(payload as [string, Tree][]);
    case "undefined":
      return undefined;
    case "number":
      return Number(payload);
    case "bigint":
      return BigInt(payload as string);
    case "date":
      return new Date(fromTree(payload) as number);
    case "map":
      return new Map(fromTree(payload) as [unknown, unknown][]);
    case "set":
      return new Set(fromTree(payload) as unknown[]);
    case "regexp":
      return new RegExp(...(payload as [string, string]));
    case "bytes":
      return fromBase64(payload as string);
    case "error": {
      const [name, message] = payload as [string, string];
      return Object.defineProperty(new Error(message), "name", { value: name });
    }
    case "message": {
      const [messageKind, fields] = payload as [string, Tree];
      return putTogether(messageKind, fromTree(fields) as Record<string, unknown>);
    }
    default:
      return constructGraphValue(kind, fromTree(payload));
  }
}

function constructGraphValue(kind: string, value: unknown): unknown {
  switch (kind) {
    case "send": {
      const { node, args, timeout } = value as SendParts;
      return timeout === undefined ? new Send(node, args) : new Send(node, args, { timeout });
    }
    case "command":
      return new Command(value as ConstructorParameters<typeof Command>[0]);
    case "overwrite":
      return new Overwrite(value);
    case "delta_snapshot":
      return { lg_name: "DeltaSnapshot", value };
    default:
      throw new Error(`a checkpoint holds a value of unknown kind ${kind}`);
  }
}

interface SendParts {
  node: string;
  args: unknown;
  timeout?: NonNullable<SendOptions["timeout"]>;
}
