import type { GatewayLogEntry } from "../../fake-gateway/log.ts";
import type { Receipt } from "./product-api.ts";

export function isAnswered({ status }: GatewayLogEntry): boolean {
  return status !== null && status < 300;
}

/** LiteLLM adopts our dispatch id as its call id; before headers came a receipt is under our own name for it. */
export function isOf(
  { usageUnitId }: Pick<Receipt, "usageUnitId">,
  entry: GatewayLogEntry,
): boolean {
  const id = dispatchOf(entry);
  return usageUnitId === id || usageUnitId === `dispatch:${id}` || usageUnitId.startsWith(`${id}#`);
}

export function dispatchOf({ headers }: GatewayLogEntry): string {
  const metadata = JSON.parse(headers.spendLogsMetadata ?? "{}") as Record<string, unknown>;
  return String(metadata["runledger_dispatch_id"]);
}

/** A dispatch id is the call's id and the number of the dispatch. */
export function callOf(entry: GatewayLogEntry): string {
  return dispatchOf(entry).replace(/-\d+$/, "");
}
