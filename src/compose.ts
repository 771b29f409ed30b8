import { version } from "../package.json";
import { defaultGraphName, graphCatalog } from "../graphs/catalog.ts";
import { createGraphRunner } from "../graphs/runtime/run-graph.ts";
import { assert } from "./base/assert.ts";
import { systemClock as clock } from "./base/clock.ts";
import { parseConfig, type Config } from "./base/config.ts";
import { consoleLog as log, describeBug } from "./base/log.ts";
import { admitRun, readAdmission, topUpLease } from "./billing/admission.ts";
import { commitUsageFacts, finishRun } from "./billing/billing.ts";
import { giveUpRun } from "./billing/open-runs.ts";
import { priceFact } from "./billing/pricing.ts";
import { reconcileRun } from "./billing/reconcile.ts";
import { recordBooks } from "./billing/record-books.ts";
import { reopenRun } from "./billing/reopen.ts";
import { accountStatement } from "./billing/statement.ts";
import { createDemoGateway } from "./completion/demo.ts";
import { executeCompletionUnit } from "./completion/execute-completion-unit.ts";
import { createLitellmSpendLog } from "./completion/litellm-spend-log.ts";
import { createModelCatalog, tokenCostUsd } from "./completion/models.ts";
import { createOpenAiCompatibleGateway } from "./completion/openai-compatible.ts";
import type { Env } from "./env.ts";
import { aggregate, executorTypes, type Provider } from "./executor/aggregate.ts";
import { withBilling } from "./executor/with-billing.ts";
import { withObservability } from "./executor/with-observability.ts";
import { withPreflight } from "./executor/with-preflight.ts";
import { workersTracer } from "./executor/workers-tracer.ts";
import type { CompletionGateway } from "./ports/completion.ts";
import type { GraphExecutorPort } from "./ports/graph-executor.ts";
import type { ModelCatalog } from "./ports/model-catalog.ts";
import type { TokenCounts } from "./ports/usage-fact.ts";
import type { AppDeps } from "./routes/app-env.ts";
import type { RunCatalogs } from "./run/get-run.ts";
import { holdFor } from "./run/hold.ts";
import type { ExecutorParts, Reconciler, RunDeps, RunLedger } from "./run/open-run.ts";
import type { TickDeps } from "./schedules/tick.ts";
import { toolSpecs } from "./tools/catalog.ts";
import { createToolExec } from "./tools/run-tool.ts";
import { inProcTransport } from "./transports/in-proc.ts";

/**
 * The composition root: the one place that knows every part. An executor is built here and nowhere else, so there is no
 * path to a model on which billing could be forgotten.
 */

const langgraph = "langgraph";

/** Parsed once per isolate and environment; a run's object and the Worker share it. */
interface Setup {
  config: Config;
  models: ModelCatalog;
  gateways: { demo: CompletionGateway; configured: CompletionGateway | null };
}

const setups = new WeakMap<Env, Setup>();

function setupOf(env: Env): Setup {
  const known = setups.get(env);
  if (known !== undefined) return known;
  const config = parseConfig({ ...env });
  const setup: Setup = {
    config,
    models: createModelCatalog(config.modelCatalog, config.gateway !== null),
    gateways: {
      demo: createDemoGateway({ paceMs: config.demoPaceMs }),
      configured:
        config.gateway === null
          ? null
          : createOpenAiCompatibleGateway({ ...config.gateway, clock, log }),
    },
  };
  setups.set(env, setup);
  return setup;
}

const graphs = new Map(graphCatalog.map((graph) => [`${langgraph}:${graph.name}`, graph]));
const graphNames = new Set(graphCatalog.map((graph) => graph.name));
const runner = createGraphRunner({
  toolSpecs,
  onInternalError: (error, runId) =>
    log.log("error", "graph.bug", { runId, ...describeBug(error) }),
});

function composeCatalogs(env: Env): RunCatalogs {
  return { graphs, models: setupOf(env).models };
}

/** What the doors need; nothing in it executes. */
export function composeDoor(env: Env): AppDeps {
  return {
    config: setupOf(env).config,
    clock,
    log,
    catalogs: composeCatalogs(env),
    defaultGraphId: `${langgraph}:${defaultGraphName}`,
    version,
  };
}

/** What the cron tick needs. */
export function composeTick(env: Env): TickDeps {
  return { catalogs: composeCatalogs(env), clock, log };
}

/** What one run needs besides its own storage and viewers. */
export function composeRun(
  env: Env,
): Pick<
  RunDeps,
  | "ledger"
  | "reconciler"
  | "buildExecutor"
  | "priceOf"
  | "describeModel"
  | "drainsOnStop"
  | "needsCredit"
  | "retentionMs"
> {
  const setup = setupOf(env);
  const { markupBasisPoints } = setup.config;
  return {
    ledger: composeLedger(env, setup),
    reconciler: composeReconciler(env, setup),
    buildExecutor: (parts) => buildExecutor(env, setup, parts),
    priceOf: (fact) => priceFact(fact, markupBasisPoints).chargedCredits,
    retentionMs: setup.config.retentionDays * 24 * 60 * 60 * 1_000,
    drainsOnStop: (modelId) => setup.models.find(modelId)?.onStop === "drain",
    needsCredit: ({ model }) => setup.models.find(model)?.free !== true,
    describeModel(modelId) {
      const model = setup.models.find(modelId);
      const gateway = model?.gateway === "demo" ? setup.gateways.demo : setup.gateways.configured;
      return { provider: model?.provider ?? "unknown", source: gateway?.source ?? "external" };
    },
  };
}

/** The executor stack, outermost first. */
function buildExecutor(env: Env, setup: Setup, parts: ExecutorParts): GraphExecutorPort {
  const providers: Provider[] = [
    { prefix: langgraph, executorType: "inproc", executor: inProcess(env, setup, parts) },
  ];
  const billed = withBilling(aggregate(providers, log), {
    commit: parts.commit,
    executorTypeOf: executorTypes(providers),
    clock,
    log,
  });
  const checked = withPreflight(billed, { checkCredit: parts.checkCredit, log });
  return withObservability(checked, { log, tracer: workersTracer, clock });
}

function inProcess(env: Env, setup: Setup, parts: ExecutorParts): GraphExecutorPort {
  const { models, gateways, config } = setup;
  const { journal, checkpoints, totals } = parts;
  return inProcTransport({
    runner,
    checkpoints,
    hasGraph: (name) => graphNames.has(name),
    completionFor: (context, signal) => (request) =>
      executeCompletionUnit(
        {
          context,
          executorType: "inproc",
          models,
          gateways,
          journal,
          markupBasisPoints: config.markupBasisPoints,
          clock,
          log,
          signal,
        },
        request,
      ),
    toolsFor: (run, signal) =>
      createToolExec({
        run,
        signal,
        clock,
        log,
        readOwnUsage: async () => {
          const { usage, chargedCredits } = totals();
          const account = await accountStatement(env.DB, run.billingAccountId);
          assert(account !== null, "a run has an account");
          const { balanceCredits, heldCredits, availableCredits } = account;
          const balances = { balanceCredits, heldCredits, availableCredits };
          return { ...balances, run: { ...usage, chargedCredits } };
        },
      }),
    log,
  });
}

function composeLedger(env: Env, { config, models }: Setup): RunLedger {
  const db = env.DB;
  const deps = { db, markupBasisPoints: config.markupBasisPoints, clock, log };
  return {
    admit: (start) =>
      admitRun(db, {
        start,
        holdCredits: holdFor(start, models, config.markupBasisPoints),
        now: clock.now(),
      }),
    find: (runId) => readAdmission(db, runId),
    reopen: (start, wish) => {
      const { runId } = start.context;
      const left = Math.max(0, start.limits.maxCredits - wish.chargedCredits);
      const holdCredits = Math.min(holdFor(start, models, config.markupBasisPoints), left);
      const { rev, attempt } = wish;
      return reopenRun(db, { runId, rev, attempt, holdCredits });
    },
    topUp: async (runId, rev, leaseCredits) =>
      (await topUpLease(db, { runId, rev, leaseCredits })).granted,
    commit: (facts) => commitUsageFacts(deps, facts),
    finish: (finish) => finishRun(deps, finish),
    recordBooks: (record) => recordBooks(db, record),
    giveUp: (runId) => giveUpRun(db, runId, clock.now()),
  };
}

/** Only LiteLLM keeps a log that can be asked for the calls of one run. */
function composeReconciler(env: Env, { config, models }: Setup): Reconciler | null {
  const { gateway, markupBasisPoints } = config;
  if (gateway?.dialect !== "litellm") return null;
  const spendLog = createLitellmSpendLog({ ...gateway, log });
  const deps = {
    ...{ db: env.DB, markupBasisPoints, clock, log, spendLog },
    describeModel(modelId: string) {
      const model = models.find(modelId);
      if (model === null) return null;
      const { provider, free } = model;
      return { provider, free, costUsd: (counts: TokenCounts) => tokenCostUsd(model, counts) };
    },
  };
  return {
    source: spendLog.source,
    reconcile: (run, signal) => reconcileRun(deps, run, signal),
  };
}
