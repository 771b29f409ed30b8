import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "./app-env.ts";
import { json, refusals, signedIn } from "./schemas.ts";

const agent = z
  .object({
    agentId: z.string(),
    graphId: z.string(),
    name: z.string(),
    description: z.string(),
    toolIds: z.array(z.string()),
    nodeKeys: z.array(z.string()),
    interrupts: z.boolean(),
  })
  .openapi("Agent");

const model = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    free: z.boolean(),
    inputUsdPerMTok: z.string(),
    outputUsdPerMTok: z.string(),
    contextTokens: z.int(),
  })
  .openapi("Model");

const listAgents = createRoute({
  method: "get",
  path: "/api/v1/ai/agents",
  summary: "The graphs that can be run",
  security: signedIn,
  responses: {
    200: json(
      z.object({ agents: z.array(agent), defaultAgentId: z.string() }),
      "Every graph, from the static catalog",
    ),
    ...refusals,
  },
});

const listModels = createRoute({
  method: "get",
  path: "/api/v1/ai/models",
  summary: "The models that graphs can use",
  security: signedIn,
  responses: {
    200: json(
      z.object({ models: z.array(model), defaultModelId: z.string() }),
      "Every model with its prices",
    ),
    ...refusals,
  },
});

/** Reads the catalogs and nothing that executes. */
export const discoveryRoutes = new OpenAPIHono<AppEnv>()
  .openapi(listAgents, (c) => {
    const { catalogs, defaultGraphId } = c.get("deps");
    const agents = [...catalogs.graphs].map(([graphId, graph]) => ({
      agentId: graphId,
      graphId,
      name: graph.title,
      description: graph.description,
      toolIds: [...graph.toolIds],
      nodeKeys: [...graph.nodeKeys],
      interrupts: graph.interrupts,
    }));
    return c.json({ agents, defaultAgentId: defaultGraphId }, 200);
  })
  .openapi(listModels, (c) => {
    const { models } = c.get("deps").catalogs;
    const listed = models.models.map((entry) => ({
      id: entry.id,
      name: entry.name,
      provider: entry.provider,
      free: entry.free,
      inputUsdPerMTok: entry.inputUsdPerMTok,
      outputUsdPerMTok: entry.outputUsdPerMTok,
      contextTokens: entry.contextTokens,
    }));
    return c.json({ models: listed, defaultModelId: models.defaultModelId }, 200);
  });
