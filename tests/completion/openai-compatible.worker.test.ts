import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { createOpenAiCompatibleGateway } from "../../src/completion/openai-compatible.ts";
import { silentLog } from "../logs.ts";
import { ask, bench } from "./setup.ts";

/** Nothing listens there. */
const closedPort = "http://127.0.0.1:1/v1";

it.each([
  ["was refused", closedPort, "hello"],
  ["broke after the request", env.GATEWAY_BASE_URL ?? "", "hello [[reset]]"],
])(
  "a connection that %s is unknown: workerd says the same of both",
  async (_name, baseUrl, text) => {
    const gateway = createOpenAiCompatibleGateway({
      ...{ dialect: "litellm", baseUrl, apiKey: null, clock: { now: () => 0 }, log: silentLog },
    });
    const { run, journal } = bench(gateway);
    await run(ask(text));
    const usageUnitId = `dispatch:${journal.calls[0]?.dispatchId}`;
    expect(journal.facts()).toMatchObject([{ usageUnitId, settlement: "unknown", costUsd: "0" }]);
  },
);
