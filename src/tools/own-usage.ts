import { z } from "zod";
import { formatCreditsUsd } from "../base/money.ts";
import { defineTool } from "./contract.ts";

const credits = z.int();
const count = z.int().nonnegative();

/** What is known of the caller; other fields, names and ids among them, are left out of what a model sees. */
const known = z.object({
  balanceCredits: credits,
  heldCredits: credits,
  availableCredits: credits,
  run: z
    .object({
      calls: count,
      inputTokens: count,
      outputTokens: count,
      chargedCredits: count,
    })
    .optional(),
});

export const ownUsage = defineTool({
  id: "core__own_usage",
  description:
    "Tells the balance of the account that pays for this conversation, and what this run has used so far.",
  input: z.strictObject({}),
  output: known.extend({ balanceUsd: z.string(), availableUsd: z.string() }),
  timeoutMs: 5_000,
  async run(_args, { readOwnUsage }) {
    const usage = known.parse(await readOwnUsage());
    return {
      ok: true,
      value: {
        ...usage,
        balanceUsd: formatCreditsUsd(usage.balanceCredits),
        availableUsd: formatCreditsUsd(usage.availableCredits),
      },
    };
  },
});
