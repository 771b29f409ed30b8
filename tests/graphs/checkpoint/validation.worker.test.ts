import { deltaChannelHistoryTests, validate } from "@langchain/langgraph-checkpoint-validation";
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ObjectSaver, openObject } from "./object-saver.ts";

// LangGraph's suite takes vitest from the global scope.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

const initializer = {
  checkpointerName: "SqlCheckpointSaver",
  createCheckpointer: async () =>
    new ObjectSaver(await openObject(env.RUNS.get(env.RUNS.newUniqueId()))),
};

validate(initializer);
deltaChannelHistoryTests(initializer);
