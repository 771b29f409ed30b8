import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describe } from "./report.ts";
import { playRound } from "./round.ts";
import { buildTemplate, createWorkerdHost, type WorkerdTemplate } from "./workerd-host.ts";

/** `npm run test:faults` goes on for longer, over other seeds, and leaves some runs to their alarm alone. */
const seed = 20;
const folder = mkdtempSync(join(tmpdir(), "runledger-sigkill-"));
let template: WorkerdTemplate;
beforeAll(() => {
  template = buildTemplate(join(folder, "template"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

it("finishes, bills and shows every run once, however often the product is killed", async () => {
  const roundFolder = join(folder, "round");
  mkdirSync(roundFolder);
  const { kills, violations, runs } = await playRound({
    seed,
    folder: roundFolder,
    createHost: (settings) => createWorkerdHost(settings, template),
    killsMax: 5,
    endsAt: Infinity,
    leavesSomeAlone: false,
  });
  expect(violations.map(describe), `seed ${seed}`).toEqual([]);
  expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBe(5);
  expect(runs).toBeGreaterThan(5);
}, 240_000);
