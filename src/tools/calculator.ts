import { z } from "zod";
import { defineTool } from "./contract.ts";
import { evaluate } from "./expression.ts";
import { formatRational } from "./rational.ts";

const digitsAfterPointMax = 30;

export const calculator = defineTool({
  id: "core__calculator",
  description:
    "Computes an arithmetic expression exactly. Knows + - * / % (remainder) ^ (power with a whole exponent) and parentheses.",
  input: z.strictObject({
    expression: z.string().min(1).max(500).describe("For example (1.1 + 2.2) * 3 ^ 2"),
  }),
  output: z.strictObject({
    result: z.string().max(2_000),
    /** False when digits were cut off. */
    isExact: z.boolean(),
  }),
  timeoutMs: 1_000,
  run({ expression }) {
    const evaluation = evaluate(expression);
    if (!evaluation.ok) return evaluation;
    const { text, isExact } = formatRational(evaluation.value, digitsAfterPointMax);
    return { ok: true, value: { result: text, isExact } };
  },
});
