/** What turns on LangSmith tracing, which sends prompts to a third party, and `verbose`, which prints them. */
const switches = [
  "LANGSMITH_TRACING_V2",
  "LANGCHAIN_TRACING_V2",
  "LANGSMITH_TRACING",
  "LANGCHAIN_TRACING",
  "LANGCHAIN_VERBOSE",
] as const;

/**
 * Takes LangChain's switches out of this process's environment. It reads them at every step and offers no option that
 * holds against them: an untraced root is lost on the way into a graph's stream, and a stand-in for its tracer would put
 * callbacks around every node. Workers fill the environment with a deployment's variables, so one may be set by accident.
 */
export function forbidTracing(): void {
  const { env } = process as { env: Record<string, string | undefined> };
  for (const name of switches) delete env[name];
}
