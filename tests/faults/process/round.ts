import { join } from "node:path";
import { type FakeGateway, startFakeGateway } from "../../fake-gateway/server.ts";
import { type Host, type HostSettings, pause } from "./host.ts";
import { killAsPlanned, planKill } from "./kill-plan.ts";
import { Load } from "./load.ts";
import { Moments } from "./moments.ts";
import { judge, type Verdict, type Violation } from "./oracle.ts";
import { overInD1 } from "./over-in-d1.ts";
import { adminToken, Gate, ProductApi, type RunBody } from "./product-api.ts";
import { Random } from "./random.ts";
import { RecoveryTimes } from "./recovery-times.ts";
import { type Features, markupBasisPoints, modelCatalog } from "./run-kinds.ts";
import { ScheduleLoad } from "./schedule-load.ts";

export interface RoundOptions {
  seed: number;
  /** Empty; holds the state and the logs of this round. */
  folder: string;
  createHost: (settings: HostSettings) => Promise<Host>;
  killsMax: number;
  /** No kill after this time (of `Date.now`). */
  endsAt: number;
  /** Whether there are runs that nobody asks for; they may take half a minute longer. */
  leavesSomeAlone: boolean;
  onKill?: (kills: number, moment: string) => void;
}

export interface RoundResult extends Verdict {
  kills: Record<string, number>;
  watchedMs: number[];
  alarmMs: number[];
  serverErrors: string[];
}

const demoGrantCredits = 50_000_000;
const topUpCredits = 1_000_000_000;
/** A lost run is found by its alarm within 30 s, and may then have several slow calls to make. */
const drainMsMax = 100_000;
const ticksEveryMs = 3_000;

/** One state folder: load, deaths, quiet, judgement. */
export async function playRound(options: RoundOptions): Promise<RoundResult> {
  const moments = new Moments();
  const recoveries = new RecoveryTimes(moments);
  const gateway = await startFakeGateway({
    onStage(stage, { user }) {
      if (stage === "received") recoveries.signOfLife(user.split("/")[0] ?? "", performance.now());
      moments.reached(stage);
    },
  });
  const host = await options.createHost({ folder: options.folder, variables: variables(gateway) });
  try {
    return await play(options, { host, gateway, moments, recoveries });
  } finally {
    await host.kill();
    await gateway.close();
  }
}

interface Stage {
  host: Host;
  gateway: FakeGateway;
  moments: Moments;
  recoveries: RecoveryTimes;
}

async function play(options: RoundOptions, stage: Stage): Promise<RoundResult> {
  const { host, gateway, moments, recoveries } = stage;
  const random = new Random(options.seed);
  const gate = new Gate();
  const api = new ProductApi(host.url, gate);
  const restart = async () => {
    await host.start();
    gate.open();
    recoveries.answersAgain(performance.now());
    moments.reached("restarted");
  };
  await restart();
  await api.topUp(topUpCredits);
  const features = { ...(await readFeatures(api)), leavesSomeAlone: options.leavesSomeAlone };
  const load = new Load(random.fork("load"), features, {
    api,
    moments,
    recoveries,
    overInD1: overInD1(api),
  });
  const schedules = new ScheduleLoad(api, random.fork("schedules"));
  const loading = Promise.all([load.run(), schedules.run()]);

  const kills: Record<string, number> = {};
  for (let kill = 1; kill <= options.killsMax && Date.now() < options.endsAt; kill += 1) {
    // What does not get on after a death will not end either, and the drain says so.
    if (!(await load.bearsAnotherDeath())) break;
    const plan = planKill(random.fork(`kill ${kill}`));
    let dying: Promise<void> = Promise.resolve();
    const dead = killAsPlanned(plan, moments, () => {
      gate.close();
      dying = host.kill();
      recoveries.died(load.died());
    });
    // The host is up already, so this moment is at hand and would otherwise be the next restart's.
    if (plan.moment === "restarted") moments.reached("restarted");
    const moment = await dead;
    await dying;
    kills[moment] = (kills[moment] ?? 0) + 1;
    options.onKill?.(kill, moment);
    await restart();
  }

  const unfinished = await drain(load, schedules, api);
  await loading;
  const verdict = await judge(api, load.runs, gateway.calls(), demoGrantCredits + topUpCredits);
  for (const slot of await schedules.doubledSlots())
    verdict.violations.push({ runId: null, what: `the slot ${slot} was fired twice` });
  verdict.violations.unshift(...unfinished);
  const { watchedMs, alarmMs } = recoveries;
  return { ...verdict, kills, watchedMs, alarmMs, serverErrors: api.serverErrors };
}

/** Waits until everything has ended; what has not is a violation. */
async function drain(load: Load, schedules: ScheduleLoad, api: ProductApi): Promise<Violation[]> {
  await schedules.close();
  const endsAt = Date.now() + drainMsMax;
  const drained = load.drain().then(() => untilAllOver(api, endsAt));
  const ticking = (async () => {
    while (Date.now() < endsAt && !(await isSettled(drained, ticksEveryMs))) await api.tick();
  })();
  await Promise.race([drained, ticking]);
  return load.runs
    .filter((run) => !run.isOver)
    .map((run) => ({
      runId: run.runId,
      what: `has not ended ${drainMsMax / 1_000} s after the last death (${run.plan.kind}, ${run.phase})`,
    }));
}

/** Also runs that nobody knows of: of schedules, and of clients that gave up. Lists only what D1 says. */
async function untilAllOver(api: ProductApi, endsAt: number): Promise<void> {
  while (Date.now() < endsAt) {
    let live = 0;
    for (const status of ["pending", "running", "interrupted"])
      live += (await api.list<RunBody>(`/api/v1/ai/runs?status=${status}`)).length;
    if (live === 0) return;
    await pause(500);
  }
}

async function isSettled(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  return Promise.race([work.then(() => true), pause(withinMs).then(() => false)]);
}

async function readFeatures(api: ProductApi): Promise<Omit<Features, "leavesSomeAlone">> {
  const agents = await api.get<{ agents: { graphId: string }[] }>("/api/v1/ai/agents");
  const openapi = await api.get<{ paths: Record<string, unknown> }>("/api/v1/openapi.json");
  return {
    approval: agents.body.agents.some(({ graphId }) => graphId === "langgraph:approval"),
    retry: "/api/v1/ai/runs/{runId}/retry" in openapi.body.paths,
  };
}

function variables(gateway: FakeGateway): Record<string, string> {
  return {
    AUTH_MODE: "dev",
    ADMIN_TOKEN: adminToken,
    API_KEY_PEPPER: "faults",
    GATEWAY_DIALECT: "litellm",
    GATEWAY_BASE_URL: `${gateway.url}/v1`,
    GATEWAY_API_KEY: "sk-fake",
    MODEL_CATALOG: JSON.stringify(modelCatalog),
    PRICE_MARKUP: String(markupBasisPoints / 10_000),
  };
}

export function logOf(folder: string): string {
  return join(folder, "host.log");
}
