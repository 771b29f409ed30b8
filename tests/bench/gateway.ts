import { join } from "node:path";
import { benchModel } from "./bench-model.ts";
import { type Child, root, startChild } from "./child.ts";
import { type Subject, timeSse } from "./subject.ts";

/** The fake gateway in a process of its own, so that its CPU is nobody else's. */
export async function startGateway(): Promise<Child & { baseUrl: string }> {
  const child = await startChild(
    [join(root, "tests/fake-gateway/main.ts")],
    /\{"url":\s*"[^"]+"\}/,
  );
  const { url } = JSON.parse(child.output.slice(child.output.indexOf("{"))) as { url: string };
  return { ...child, baseUrl: `${url}/v1` };
}

/** What the gateway itself takes: the floor under every other figure. Its CPU is the fake's own. */
export function gatewayDirectly(gateway: Child & { baseUrl: string }, tokens: number): Subject {
  return {
    name: "gateway, called directly",
    pid: gateway.pid,
    async run(prompt) {
      const started = performance.now();
      const response = await fetch(`${gateway.baseUrl}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: benchModel,
          messages: [{ role: "user", content: prompt }],
          stream: true,
          stream_options: { include_usage: true },
        }),
      });
      return timeSse(started, response, `"content":"`, tokens);
    },
    stop: () => Promise.resolve(),
  };
}
