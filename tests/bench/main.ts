import { parseArgs } from "node:util";
import { compare } from "./compare.ts";
import { startGateway } from "./gateway.ts";
import { printCosts } from "./print-costs.ts";
import { readRunCosts } from "./run-costs.ts";

/**
 * `npm run bench`: how fast Runledger is beside LangGraph in plain Node, and what a run costs. `-- --quick` takes one short
 * round, `-- --tokens 1000` has longer replies than 200, `-- --costs` only looks at what a run costs.
 */
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    costs: { type: "boolean", default: false },
    tokens: { type: "string", default: "200" },
  },
});
const tokens = Number(values.tokens);
if (!Number.isSafeInteger(tokens) || tokens < 1) throw new Error("--tokens is a count");
const size = values.quick
  ? { warmUp: 60, rounds: 1, paced: 2, pacedTogether: 8, atOnce: { 1: 6, 8: 16, 32: 32 } }
  : { warmUp: 200, rounds: 5, paced: 3, pacedTogether: 16, atOnce: { 1: 24, 8: 64, 32: 96 } };

const gateway = await startGateway();
if (!values.costs) await compare(gateway, tokens, size);
printCosts(await readRunCosts(gateway.baseUrl, tokens));
await gateway.stop();
process.exit(0);
