import { chargeCredits } from "../../../src/base/money.ts";
import { isAnswered, isOf } from "./dispatch-names.ts";
import type { Evidence } from "./oracle.ts";
import { markupBasisPoints } from "./run-kinds.ts";

type Say = (what: string) => void;

/** Whether the gateway's log, which was looked at since, has told everything that it can tell. */
export function isReconciled({
  receipts,
  gateway,
}: Pick<Evidence, "receipts" | "gateway">): boolean {
  return gateway
    .filter(isAnswered)
    .every((entry) =>
      receipts
        .filter((receipt) => isOf(receipt, entry))
        .every(({ effective }) => effective.settlement === "final"),
    );
}

/** Costs are the gateway's to the last digit; what was asked once is charged once, at the cost of its answer. */
export function checkCosts({ receipts, calls, gateway }: Evidence, say: Say): void {
  for (const entry of gateway.filter(isAnswered)) {
    for (const { usageUnitId, effective } of receipts.filter((receipt) => isOf(receipt, entry))) {
      const { settlement, costUsd } = effective;
      if (settlement !== "final" || costUsd !== entry.costUsd)
        say(
          `receipt ${usageUnitId} is ${settlement} at ${costUsd} USD, the gateway says ${entry.costUsd}`,
        );
    }
  }
  const byId = new Map(receipts.map((receipt) => [receipt.receiptId, receipt]));
  const charged = new Map<string, number>();
  for (const call of calls) {
    const now = byId.get(call.receiptId ?? "")?.effective;
    if (now === undefined) continue;
    const price = Number(chargeCredits(now.costUsd, markupBasisPoints));
    const isFree = now.chargedCredits === 0;
    if (!isFree && now.chargedCredits !== price)
      say(
        `dispatch ${call.callId}-${call.dispatch} is charged ${now.chargedCredits}, not ${price}`,
      );
    if (isFree && price > 0 && call.state === "settled")
      say(`call ${call.callId} was answered and is not charged`);
    const asked = `${call.callId} in attempt ${call.attempt}`;
    charged.set(asked, (charged.get(asked) ?? 0) + (isFree ? 0 : 1));
  }
  for (const [asked, times] of charged)
    if (times > 1) say(`call ${asked} is charged ${times} times`);
}
