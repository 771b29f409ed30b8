import { join } from "node:path";
import { root, startChild } from "./child.ts";
import { benchModel } from "./bench-model.ts";
import { type Subject, timeSse } from "./subject.ts";

export async function startLangGraph(gatewayBaseUrl: string, tokens: number): Promise<Subject> {
  const program = join(root, "tests/bench/langgraph-server.ts");
  const child = await startChild([program, gatewayBaseUrl, benchModel], /\{"url":"[^"]+"\}/, {
    LANGSMITH_TRACING: "false",
  });
  const { url } = JSON.parse(child.output.slice(child.output.indexOf('{"url"'))) as { url: string };
  return {
    name: "LangGraph in plain Node",
    pid: child.pid,
    async run(message) {
      const started = performance.now();
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ message }) });
      return timeSse(started, response, `"delta"`, tokens);
    },
    stop: () => child.stop(),
  };
}
