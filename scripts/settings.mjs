import { existsSync, readFileSync } from "node:fs";
import * as util from "node:util";

/** Variables of the Worker, as `src/env.ts` lists them; a test compares the two. */
export const workerVariables = [
  "AUTH_MODE",
  "ADMIN_TOKEN",
  "API_KEY_PEPPER",
  "ACCESS_TEAM_DOMAIN",
  "ACCESS_AUDIENCE",
  "ALLOWED_ORIGINS",
  "GATEWAY_DIALECT",
  "GATEWAY_BASE_URL",
  "GATEWAY_API_KEY",
  "MODEL_CATALOG",
  "PRICE_MARKUP",
  "RETENTION_DAYS",
  "DEMO_PACE_MS",
];

/** Variables of `npm start` itself; the Worker never sees them. */
const startVariables = ["PORT", "STATE_DIR", "CRON_TICK"];

/**
 * What `npm start` is told: the environment wins over `.dev.vars`, and an empty value counts as none. Other names in
 * `.dev.vars` reach the Worker too, as `wrangler dev` would do.
 */
export function readSettings(environment, devVarsPath) {
  const settings = existsSync(devVarsPath) ? parseEnv(readFileSync(devVarsPath, "utf8")) : {};
  for (const name of [...workerVariables, ...startVariables]) {
    if (environment[name] !== undefined) settings[name] = environment[name];
  }
  const given = Object.entries(settings).filter(([, value]) => value !== "");
  const pick = (wanted) => Object.fromEntries(given.filter(([name]) => wanted(name)));
  return {
    start: pick((name) => startVariables.includes(name)),
    worker: pick((name) => !startVariables.includes(name)),
  };
}

/** The one thing here that the first releases of Node 20 cannot do. */
function parseEnv(text) {
  if (util.parseEnv === undefined) throw new Error(".dev.vars is read with Node 20.12 or newer");
  return util.parseEnv(text);
}

/**
 * An env file that wrangler reads back unchanged: it expands `$NAME`, and a value may hold quotes and line breaks
 * (`MODEL_CATALOG` is JSON). Throws, with the name only, on a value that no quoting can carry.
 */
export function formatEnvFile(values) {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${quote(name, value)}\n`)
    .join("");
}

function quote(name, value) {
  // No double quotes: inside them `\n` would be read as a line break.
  const mark = ["'", "`"].find((candidate) => !value.includes(candidate));
  if (mark === undefined || value.includes("\r") || value.includes("\\$")) {
    throw new Error(
      `${name} holds both kinds of quote, a carriage return or \\$: that cannot be passed on`,
    );
  }
  return mark + value.replaceAll("$", "\\$") + mark;
}
