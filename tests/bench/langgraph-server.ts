import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { HumanMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { ChatOpenAI } from "@langchain/openai";
import { createPoetGraph } from "../../graphs/poet/graph.ts";
import type { GraphKit, NodeModel } from "../../graphs/runtime/kit.ts";

/**
 * The same graph as a team would serve it without Runledger: LangGraph in plain Node, ChatOpenAI, MemorySaver, tokens out
 * over SSE. `node langgraph-server.ts <gateway base URL> <model>` prints one line with its address.
 */
const [baseURL, model] = process.argv.slice(2);
if (baseURL === undefined || model === undefined) throw new Error("needs a base URL and a model");

const chat = new ChatOpenAI({
  model,
  apiKey: "none",
  streaming: true,
  maxRetries: 0,
  configuration: { baseURL },
});
const kit: GraphKit = {
  model: () => chat as unknown as NodeModel,
  tools: () => [],
  toolStep: () => () => Promise.resolve({ messages: [] }),
  checkpointing: { checkpointer: new MemorySaver() },
};
interface Streaming {
  stream(input: object, config: object): Promise<AsyncIterable<[{ content: unknown }, unknown]>>;
}
const graph = createPoetGraph(kit) as unknown as Streaming;

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    answer(Buffer.concat(parts).toString("utf8")).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });

  async function answer(body: string): Promise<void> {
    const { message } = JSON.parse(body) as { message: string };
    response.writeHead(200, { "content-type": "text/event-stream" });
    const events = await graph.stream(
      { messages: [new HumanMessage(message)] },
      { configurable: { thread_id: randomUUID() }, streamMode: "messages" },
    );
    for await (const [{ content }] of events) {
      if (content !== "") response.write(`data: ${JSON.stringify({ delta: content })}\n\n`);
    }
    response.end("data: {}\n\n");
  }
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
