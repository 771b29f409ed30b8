import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildClient } from "./build-client.mjs";
import { alone, ensureInstalled, giveUp, root, run, toolEnv } from "./toolchain.mjs";

/** Without these the deployment would answer nobody, or forget the keys it handed out. */
const required = ["API_KEY_PEPPER", "AUTH_MODE", "ACCESS_TEAM_DOMAIN", "ACCESS_AUDIENCE"];
const advised = {
  ADMIN_TOKEN: "no account can be given credit",
  GATEWAY_BASE_URL: "only the demo model answers",
};

await alone(async () => {
  ensureInstalled();
  await buildClient();
});

const config = readFileSync(join(root, "wrangler.toml"), "utf8");
if (/^database_id\s*=\s*"0{8}-/m.test(config)) {
  giveUp(
    "wrangler.toml still has the placeholder for the D1 database.\n" +
      "Run `npx wrangler d1 create runledger` and put the id it prints into `database_id`.",
  );
}
const present = new Set([...variablesOf(config), ...deployedSecrets()]);
for (const [name, consequence] of Object.entries(advised)) {
  if (!present.has(name)) console.warn(`${name} is not set: ${consequence}.`);
}
const missing = required.filter((name) => !present.has(name));
if (missing.length > 0) {
  giveUp(
    `Missing in the deployment: ${missing.join(", ")}.\n` +
      "API_KEY_PEPPER is a long random text (`openssl rand -hex 32 | npx wrangler secret put API_KEY_PEPPER`).\n" +
      "AUTH_MODE is `access`, with the team domain and the audience of the Cloudflare Access application in front of it:\n" +
      "under [vars] in wrangler.toml, or with `npx wrangler secret put NAME`.",
  );
}
for (const args of [["d1", "migrations", "apply", "runledger", "--remote"], ["deploy"]]) {
  if ((await run("wrangler", args)) !== 0) giveUp(`wrangler ${args.join(" ")} failed, see above.`);
}

function variablesOf(toml) {
  const section = toml.split(/^\[vars\]\s*$/m)[1]?.split(/^\[/m)[0] ?? "";
  return [...section.matchAll(/^([A-Z_]+)\s*=/gm)].map((match) => match[1]);
}

/** Empty when the Worker does not exist yet. */
function deployedSecrets() {
  const listed = spawnSync("wrangler", ["secret", "list", "--format", "json"], {
    cwd: root,
    env: toolEnv,
    encoding: "utf8",
  });
  if (listed.status === 0) return JSON.parse(listed.stdout).map(({ name }) => name);
  if (!/10007|not found|does not exist/i.test(listed.stderr + listed.stdout)) {
    giveUp(`The secrets of the deployment could not be listed:\n${listed.stderr || listed.stdout}`);
  }
  return [];
}
