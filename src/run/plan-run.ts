import { canonicalJson, sha256Hex } from "../base/hash.ts";
import { deriveId } from "../base/ids.ts";
import type { ChatMessage } from "../ports/completion.ts";
import type { GraphDescriptor } from "../ports/graph-catalog.ts";
import type { JsonObject } from "../ports/json.ts";
import type { ModelCatalog } from "../ports/model-catalog.ts";
import type { RunContext, RunLimits } from "../ports/run-context.ts";
import type { StartRun } from "../ports/run.ts";

/** What exists to be run; held by the door's dependencies. */
export interface RunCatalogs {
  /** Keys are graph ids, `provider:graph`. */
  graphs: ReadonlyMap<string, GraphDescriptor>;
  models: ModelCatalog;
}

/** What somebody asks for, already validated for shape. Fields of identity come from the credential, never from a body. */
export interface RunWish {
  context: RunContext;
  messages: ChatMessage[];
  /** null: a new thread. */
  threadId: string | null;
  threadTitle: string;
  model: string | null;
  configurable: JsonObject;
  toolIds: string[] | null;
  limits: Partial<RunLimits>;
  scheduleId: string | null;
  /** ISO 8601 UTC. */
  scheduledFor: string | null;
}

export type RunPlan =
  | { ok: true; start: StartRun }
  | { ok: false; code: "not_found" | "invalid_request"; path: string; message: string };

const defaultLimits: RunLimits = {
  maxCalls: 50,
  maxCredits: 10_000_000,
  maxWallSeconds: 900,
  maxSteps: 50,
};

/** A client's own idea of these is dropped wherever it appears in `configurable`: the server sets them. */
const serverKeys = new Set(["runId", "user", "billingAccountId", "attempt", "model", "toolIds"]);
/** Keys that LangGraph reads itself; a client must not steer checkpoints. */
const reservedPrefixes = ["__", "checkpoint", "thread_"];
const titleLengthMax = 80;

/**
 * Turns a wish into the one request a RunObject takes: checks that graph, models and tools exist, fills in limits, and
 * hashes what decides the run's meaning. The same function serves chat, API and schedules.
 */
export function planRun(wish: RunWish, catalogs: RunCatalogs): RunPlan {
  const { context } = wish;
  const graph = catalogs.graphs.get(context.graphId);
  if (graph === undefined) {
    return refuse(
      "not_found",
      "graphId",
      "There is no such graph. GET /api/v1/ai/agents lists them.",
    );
  }
  const model = wish.model ?? catalogs.models.defaultModelId;
  if (catalogs.models.find(model) === null) {
    return refuse("invalid_request", "model", unknownModel);
  }
  const configurable: JsonObject = {};
  for (const [key, value] of Object.entries(wish.configurable)) {
    if (serverKeys.has(key) || reservedPrefixes.some((prefix) => key.startsWith(prefix))) continue;
    const problem = overrideProblem(key, value, graph, catalogs.models);
    if (problem !== null) return refuse("invalid_request", `configurable.${key}`, problem);
    configurable[key] = value;
  }
  const limits = { ...defaultLimits, ...wish.limits };
  const meaning = {
    graphId: context.graphId,
    messages: wish.messages,
    threadId: wish.threadId,
    model: wish.model,
    configurable,
    toolIds: wish.toolIds,
    limits: wish.limits,
  };
  return {
    ok: true,
    start: {
      v: 1,
      context,
      // Derived, so that a repeated request names the same thread as the first.
      threadId: wish.threadId ?? deriveId("thread", ["thread", context.runId]),
      isNewThread: wish.threadId === null,
      threadTitle: shorten(wish.threadTitle),
      messages: wish.messages,
      model,
      configurable,
      toolIds: wish.toolIds,
      limits,
      scheduleId: wish.scheduleId,
      scheduledFor: wish.scheduledFor,
      requestHash: sha256Hex(canonicalJson(meaning)),
    },
  };
}

const unknownModel = "There is no such model. GET /api/v1/ai/models lists them.";

/** Node-keyed overrides are checked here, so that a typo fails at the door and not in the middle of a run. */
function overrideProblem(
  key: string,
  value: unknown,
  graph: GraphDescriptor,
  models: ModelCatalog,
): string | null {
  const match = /^(.+)__(model|toolIds)$/.exec(key);
  if (match === null) return null;
  const [, nodeKey = "", field] = match;
  if (!graph.nodeKeys.includes(nodeKey)) {
    return `This graph has no node "${nodeKey}". Its nodes are: ${graph.nodeKeys.join(", ")}.`;
  }
  if (field === "model") {
    return typeof value === "string" && models.find(value) !== null ? null : unknownModel;
  }
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  return isList ? null : "Tool ids are a list of strings.";
}

function refuse(code: "not_found" | "invalid_request", path: string, message: string): RunPlan {
  return { ok: false, code, path, message };
}

/** Cuts at a code point, never in the middle of a surrogate pair. */
function shorten(title: string): string {
  const oneLine = title.replace(/\s+/g, " ").trim();
  const points = [...oneLine];
  return points.length <= titleLengthMax
    ? oneLine
    : `${points.slice(0, titleLengthMax - 1).join("")}…`;
}
