import type { Answer } from "./api.ts";
import { callApi } from "./api.ts";
import { el } from "./dom.ts";
import { formatPrice } from "./format.ts";
import type { Agent, AgentList, Model, ModelList } from "./wire.ts";

export interface Catalog {
  agents: readonly Agent[];
  models: readonly Model[];
  defaultGraphId: string;
  defaultModelId: string;
}

/** What can be run, and on what. */
export async function loadCatalog(): Promise<Answer<Catalog>> {
  const [agents, models] = await Promise.all([
    callApi<AgentList>("/api/v1/ai/agents"),
    callApi<ModelList>("/api/v1/ai/models"),
  ]);
  if (!agents.ok) return agents;
  if (!models.ok) return models;
  const { defaultAgentId } = agents.value;
  const byDefault = agents.value.agents.find(({ agentId }) => agentId === defaultAgentId);
  return {
    ok: true,
    value: {
      agents: agents.value.agents,
      models: models.value.models,
      defaultGraphId: (byDefault ?? agents.value.agents[0])?.graphId ?? "",
      defaultModelId: models.value.defaultModelId,
    },
  };
}

export function fillGraphSelect(
  select: HTMLSelectElement,
  catalog: Catalog,
  wanted: string | null,
) {
  const options = catalog.agents.map((agent) =>
    el(
      "option",
      { value: agent.graphId, title: agent.description },
      agent.interrupts ? `${agent.name} (asks you)` : agent.name,
    ),
  );
  fill(select, options, wanted ?? catalog.defaultGraphId, catalog.defaultGraphId);
}

export function fillModelSelect(
  select: HTMLSelectElement,
  catalog: Catalog,
  wanted: string | null,
) {
  const options = catalog.models.map((model) =>
    el("option", { value: model.id, title: modelPrice(model) }, model.name),
  );
  fill(select, options, wanted ?? catalog.defaultModelId, catalog.defaultModelId);
}

function fill(
  select: HTMLSelectElement,
  options: readonly HTMLOptionElement[],
  wanted: string,
  fallback: string,
) {
  select.replaceChildren(...options);
  select.value = options.some(({ value }) => value === wanted) ? wanted : fallback;
  select.disabled = false;
}

export function modelPrice({ free, inputUsdPerMTok, outputUsdPerMTok }: Model): string {
  if (free) return "free";
  return `${formatPrice(inputUsdPerMTok)} in, ${formatPrice(outputUsdPerMTok)} out per million tokens`;
}

/**
 * The node whose text is the reply while it streams. A graph names its nodes in the order in which they work, so that
 * the last one answers.
 */
export function answerNodeKey(catalog: Catalog | null, graphId: string): string | null {
  return catalog?.agents.find((agent) => agent.graphId === graphId)?.nodeKeys.at(-1) ?? null;
}
