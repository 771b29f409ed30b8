import type { SpendLog, SpendRow } from "../../../src/ports/spend-log.ts";
import { factOf } from "../../conformance/fakes.ts";
import type { GatewayCall, GatewayLog } from "./gateway-log.ts";

/** What the model's side asks for every call that it answered, whether or not anybody heard the answer. */
export const loggedUsage = factOf();

/** The gateway's own books of a scripted run. */
export class ScriptedSpendLog implements SpendLog {
  readonly source = "litellm";
  isDown = false;
  /** Calls whose rows are not written yet: bit n stands for the n-th of each thirty. */
  lagging = 0;
  readonly #gateway: GatewayLog;

  constructor(gateway: GatewayLog) {
    this.#gateway = gateway;
  }

  readPage: SpendLog["readPage"] = async ({ endUser }) => {
    if (this.isDown) return { kind: "unavailable", reason: "unreachable" };
    const rows = this.#gateway.calls
      .filter((_, index) => ((this.lagging >> (index % 30)) & 1) === 0)
      .filter((call) => call.endUser === endUser)
      .map(rowOf);
    return { kind: "page", rows, unreadable: 0, next: null };
  };
}

function rowOf({ unitId, dispatchId, endUser, answered }: GatewayCall): SpendRow {
  const none = { inputTokens: 0, outputTokens: 0, costUsd: "0" };
  const { inputTokens, outputTokens, costUsd } = answered ? loggedUsage : none;
  return {
    ...{ requestId: `provider-${unitId}`, callId: unitId, dispatchId, endUser },
    ...{ model: "fake/model", isFailure: !answered, costUsd, inputTokens, outputTokens },
    ...{ cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    ...{ startedAt: null, raw: null },
  };
}
