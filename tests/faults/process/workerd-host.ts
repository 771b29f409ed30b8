import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Host, type HostSettings, hostOf } from "./host.ts";
import { root, startGroup } from "./process-group.ts";

/** What every workerd host starts from: the bundle, and a state folder with nothing but the tables. */
export interface WorkerdTemplate {
  folder: string;
}

/** Takes some seconds; one serves any number of hosts. */
export function buildTemplate(folder: string): WorkerdTemplate {
  runWrangler(["deploy", "--dry-run", "--outdir", join(folder, "bundle")]);
  const migrate = ["d1", "migrations", "apply", "runledger", "--local"];
  runWrangler([...migrate, "--persist-to", join(folder, "state")]);
  return { folder };
}

/** The product's bundle on workerd, without wrangler's proxy in front: it restarts in about a second. */
export async function createWorkerdHost(
  { folder, variables }: HostSettings,
  template: WorkerdTemplate,
): Promise<Host> {
  const port = await freePort();
  const state = join(folder, "state");
  cpSync(join(template.folder, "state"), state, { recursive: true });
  const program = join(root, "tests/faults/process/workerd-server.ts");
  const env = { FAULTS_VARIABLES: JSON.stringify(variables) };
  const args = [program, join(template.folder, "bundle"), join(state, "v3"), String(port)];
  return hostOf(port, () => startGroup(args, env, join(folder, "host.log")));
}

function runWrangler(args: readonly string[]): void {
  const tool = join(root, "node_modules/.bin/wrangler");
  const ran = spawnSync(process.execPath, [tool, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_WRITE_LOGS: "false" },
  });
  if (ran.status !== 0) throw new Error(`wrangler ${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
}
