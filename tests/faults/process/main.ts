import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Host, HostName, HostSettings } from "./host.ts";
import { createProductHost } from "./product-host.ts";
import { describe, Report } from "./report.ts";
import { logOf, playRound } from "./round.ts";
import { buildTemplate, createWorkerdHost } from "./workerd-host.ts";

/**
 * `npm run test:faults`: kills the product over and over under load and compares, after every round, what it says with
 * what the gateway and the viewers saw. Round r plays seed + r; a seed decides runs, kills and delays, while the machine
 * decides how they interleave, so a replay may need some tries.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    kills: { type: "string" },
    host: { type: "string", default: "workerd" },
    seed: { type: "string" },
  },
});
const hostName = parseHost(values.host);
const killsInAll = values.kills === undefined ? Infinity : Number(values.kills);
const minutes = values.minutes === undefined ? null : Number(values.minutes);
const minutesMax = minutes ?? (values.kills === undefined ? 5 : Infinity);
const firstSeed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
if (Number.isNaN(killsInAll) || Number.isNaN(minutesMax) || !Number.isSafeInteger(firstSeed))
  fail("--minutes and --kills are numbers, --seed is a whole one.");

const killsPerRound = 50;
const folder = mkdtempSync(join(tmpdir(), "runledger-faults-"));
const endsAt = Date.now() + minutesMax * 60_000;
const createHost = prepareHost(hostName);
const report = new Report();
let failures = 0;

console.log(`Seed ${firstSeed}, host ${hostName}, state in ${folder}`);
for (let round = 0; report.kills < killsInAll && Date.now() < endsAt && failures === 0; round += 1)
  await play(firstSeed + round);
console.log(report.toString());
if (failures === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
process.exit(failures === 0 ? 0 : 1);

async function play(seed: number): Promise<void> {
  const roundFolder = join(folder, `seed-${seed}`);
  mkdirSync(roundFolder);
  const killsMax = Math.min(killsPerRound, killsInAll - report.kills);
  const replay = `npm run test:faults -- --host ${hostName} --seed ${seed} --kills ${killsMax}`;
  try {
    const result = await playRound({
      seed,
      folder: roundFolder,
      createHost,
      killsMax,
      endsAt,
      leavesSomeAlone: true,
      onKill: (kill, moment) => console.error(`  kill ${kill} at ${moment}`),
    });
    report.add(result);
    const { violations } = result;
    console.log(`Seed ${seed}: ${result.runs} runs, ${violations.length} violations`);
    failures += violations.length;
    for (const violation of violations) console.error(`  ${describe(violation)}`);
    if (violations.length > 0) console.error(`Again: ${replay}\nKept: ${roundFolder}`);
    else rmSync(roundFolder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    failures += 1;
    console.error(`Seed ${seed} broke down:`, error);
    console.error(`Again: ${replay}\nKept: ${roundFolder}, with ${logOf(roundFolder)}`);
  }
}

function prepareHost(name: HostName): (settings: HostSettings) => Promise<Host> {
  if (name === "product") return createProductHost;
  const template = buildTemplate(join(folder, "template"));
  return (settings) => createWorkerdHost(settings, template);
}

function parseHost(name: string): HostName {
  if (name === "workerd" || name === "product") return name;
  return fail("--host is workerd or product.");
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
