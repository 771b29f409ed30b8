import type { Import } from "./imports.ts";

/** Who may import whom. A file that a rule is about may import what `allows` matches, and of the rest nothing that `forbids` matches. */
export interface ImportRule {
  name: string;
  files: RegExp;
  forbids: RegExp;
  allows?: RegExp;
  /** Kinds that the rule is about; all by default. */
  kinds?: readonly Import["kind"][];
  /** A made-up file that the rule must refuse. */
  probe: { path: string; code: string };
}

const atRuntime = ["value", "dynamic"] as const;

export const importRules: readonly ImportRule[] = [
  {
    name: "every import can be read from the source",
    files: /./,
    forbids: /\?computed$/,
    probe: { path: "src/app.ts", code: "const name = './x.ts'; await import(name);" },
  },
  {
    name: "base imports nothing of ours",
    files: /^src\/base\//,
    forbids: /^(src|graphs|tests)\//,
    allows: /^src\/base\//,
    probe: { path: "src/base/log.ts", code: `import type { Env } from "../env.ts";` },
  },
  {
    name: "db imports nothing of ours",
    files: /^src\/db\//,
    forbids: /^(src|graphs|tests)\//,
    allows: /^src\/db\//,
    probe: { path: "src/db/schema.ts", code: `import { newId } from "../base/ids.ts";` },
  },
  {
    name: "ports import nothing at run time",
    files: /^src\/ports\//,
    forbids: /./,
    kinds: atRuntime,
    probe: { path: "src/ports/run.ts", code: `export { newId } from "./ids.ts";` },
  },
  {
    name: "ports import only types of ports",
    files: /^src\/ports\//,
    forbids: /./,
    allows: /^src\/ports\//,
    probe: { path: "src/ports/run.ts", code: `import type { Log } from "../base/log.ts";` },
  },
  {
    name: "executor and transports know neither db nor billing",
    files: /^src\/(executor|transports)\//,
    forbids: /^src\/(db|billing)\//,
    probe: {
      path: "src/executor/with-billing.ts",
      code: `import { commitUsageFacts } from "../billing/billing.ts";`,
    },
  },
  {
    name: "executor never knows a transport",
    files: /^src\/executor\//,
    forbids: /^src\/transports\//,
    probe: {
      path: "src/executor/aggregate.ts",
      code: `import type { InProc } from "../transports/in-proc.ts";`,
    },
  },
  {
    name: "completion knows neither executor, transports, run, db nor billing",
    files: /^src\/completion\//,
    forbids: /^src\/(executor|transports|run|db|billing)\//,
    probe: {
      path: "src/completion/demo.ts",
      code: `import { x } from "../run/journal/call-journal.ts";`,
    },
  },
  {
    name: "graphs know only port types, LangChain and each other",
    files: /^graphs\//,
    forbids: /./,
    allows: /^(graphs\/|npm:@langchain\/|src\/ports\/|node:async_hooks$)/,
    probe: { path: "graphs/poet/graph.ts", code: `import { newId } from "../../src/base/ids.ts";` },
  },
  {
    name: "graphs take from ports types only",
    files: /^graphs\//,
    forbids: /^src\//,
    kinds: atRuntime,
    probe: {
      path: "graphs/catalog.ts",
      code: `import { A } from "../src/ports/graph-catalog.ts";`,
    },
  },
  {
    name: "graphs use no model provider of their own",
    files: /^graphs\//,
    forbids: /^npm:@langchain\/(?!core\/|core$|langgraph\/|langgraph$)/,
    probe: {
      path: "graphs/poet/graph.ts",
      code: `import { ChatOpenAI } from "@langchain/openai";`,
    },
  },
  {
    name: "src is free of LangChain",
    files: /^src\//,
    forbids: /^npm:(@langchain\/|langchain\b|langsmith\b)/,
    probe: {
      path: "src/run/life/drive.ts",
      code: `const { tool } = await import("@langchain/core/tools");`,
    },
  },
  {
    name: "only the composition root brings engines and graphs in",
    files: /^src\/(?!compose\.ts|worker\.ts|executor\/|transports\/)/,
    forbids: /^(graphs\/|src\/(executor|transports)\/)/,
    kinds: atRuntime,
    probe: {
      path: "src/routes/runs.ts",
      code: `import { createRun } from "../executor/run-result.ts";`,
    },
  },
  {
    name: "only the Worker and the RunObject use the composition root",
    files: /^src\/(?!worker\.ts|run\/run-object\.ts)/,
    forbids: /^src\/compose\.ts$/,
    probe: { path: "src/routes/runs.ts", code: `import { compose } from "../compose.ts";` },
  },
  {
    name: "doors reach runs only through run/get-run",
    files: /^src\/(routes|schedules|auth)\/|^src\/app\.ts$/,
    forbids: /^src\/run\//,
    allows: /^src\/run\/get-run\.ts$/,
    probe: {
      path: "src/routes/runs.ts",
      code: `import type { RunObject } from "../run/run-object.ts";`,
    },
  },
  {
    name: "doors never execute",
    files: /^src\/(routes|schedules|auth)\/|^src\/app\.ts$/,
    forbids: /^(graphs\/|src\/(executor|transports|completion)\/)/,
    probe: {
      path: "src/schedules/tick.ts",
      code: `import { executeCompletionUnit } from "../completion/execute-completion-unit.ts";`,
    },
  },
  {
    name: "runs know nothing of doors and pages",
    files: /^src\/(run|executor|transports|completion|billing|tools)\//,
    forbids: /^src\/(routes|auth|ui|client|schedules)\/|^src\/app\.ts$/,
    probe: {
      path: "src/run/viewers/sse.ts",
      code: `import { doors } from "../../routes/doors.ts";`,
    },
  },
  {
    name: "pages see only types, and money's arithmetic",
    files: /^src\/ui\//,
    forbids: /^(src|graphs)\//,
    allows: /^src\/(ui\/|base\/money\.ts$)/,
    kinds: atRuntime,
    probe: { path: "src/ui/run-page.tsx", code: `import { getRun } from "../run/get-run.ts";` },
  },
  {
    name: "browser scripts see only types, and money's arithmetic",
    files: /^src\/client\//,
    forbids: /^(src|graphs)\/|^node:|^cloudflare:/,
    allows: /^src\/(client\/|base\/money\.ts$)/,
    kinds: atRuntime,
    probe: { path: "src/client/chat.ts", code: `import { a } from "../run/viewers/cursor.ts";` },
  },
  {
    name: "the types that pages and browser scripts see are the contracts",
    files: /^src\/(ui|client)\//,
    forbids: /^(src|graphs)\//,
    allows: /^src\/(ui|client|ports|base)\/|^src\/protocol\.ts$/,
    probe: {
      path: "src/client/chat.ts",
      code: `import type { Principal } from "../routes/app-env.ts";`,
    },
  },
  {
    name: "the product knows nothing of its tests",
    files: /^(src|graphs)\//,
    forbids: /^tests\//,
    probe: { path: "src/app.ts", code: `import { fake } from "../tests/fake-gateway/server.ts";` },
  },
];

/** What must not be loaded together with an entry; types and dynamic imports do not load. */
export const loadRules: readonly { name: string; entry: string; neverLoads: RegExp }[] = [
  {
    name: "discovery loads nothing that executes",
    entry: "graphs/catalog.ts",
    neverLoads: /^npm:@langchain\/|\/graph\.ts$/,
  },
  {
    name: "the doors load nothing that executes",
    entry: "src/app.ts",
    neverLoads: /^npm:@langchain\/|^graphs\/|^src\/(executor|transports|completion)\//,
  },
];
