/** The `configurable` of an invocation as LangChain types it; it holds JSON. */
export type Configurable = Readonly<Record<string, unknown>>;

/** `<nodeKey>__model` if it is set, else the run's `model`. Throws where neither is: a run without a model is a bug. */
export function resolveModel(nodeKey: string, configurable: Configurable): string {
  const model = configurable[`${nodeKey}__model`] ?? configurable["model"];
  if (typeof model !== "string" || model === "") {
    throw new Error(`no model is configured for the node ${nodeKey}`);
  }
  return model;
}

/**
 * The tools that a node may use: the graph's own list, narrowed by the request's `toolIds` and by `<nodeKey>__toolIds`.
 * Absent leaves the list whole, empty means none, and what is not a list of strings means none as well: an allowlist
 * that cannot be read allows nothing.
 */
export function resolveToolIds(
  nodeKey: string,
  ownToolIds: readonly string[],
  configurable: Configurable,
): readonly string[] {
  const narrowings = [configurable["toolIds"], configurable[`${nodeKey}__toolIds`]];
  return narrowings.reduce<readonly string[]>(narrow, ownToolIds);
}

function narrow(toolIds: readonly string[], allowed: unknown): readonly string[] {
  if (allowed === undefined || allowed === null) return toolIds;
  return Array.isArray(allowed) ? toolIds.filter((toolId) => allowed.includes(toolId)) : [];
}
