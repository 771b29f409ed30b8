import { join } from "node:path";
import { freePort, type Host, type HostSettings, hostOf } from "./host.ts";
import { root, startGroup } from "./process-group.ts";

/** The product as `npm start` runs it: builds, migrates and serves through `wrangler dev` at every start. */
export async function createProductHost({ folder, variables }: HostSettings): Promise<Host> {
  const port = await freePort();
  const env = {
    ...variables,
    PORT: String(port),
    STATE_DIR: join(folder, "state"),
    CRON_TICK: "off",
  };
  return hostOf(port, () =>
    startGroup([join(root, "scripts/start.mjs")], env, join(folder, "host.log")),
  );
}
