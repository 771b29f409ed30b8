import { describe, expect, it } from "vitest";
import { type Finding, readSource } from "./source.ts";

/**
 * `AUTH_MODE=dev` trusts requests whose host is loopback. Under a route or a configured host `wrangler dev` rewrites the
 * Host header of every request, and listening beyond loopback lets other machines in: then a page on the internet could
 * act as the local account by DNS rebinding.
 */
function doorsForStrangers(toml: string): Finding[] {
  const found: Finding[] = [];
  let section = "";
  for (const line of toml.split("\n").map((raw) => raw.trim())) {
    section = /^\[{1,2}\s*([^\]]+?)\s*\]{1,2}/.exec(line)?.[1] ?? section;
    const key = /^["']?([\w.-]+)["']?\s*=/.exec(line)?.[1] ?? "";
    const path = section === "" ? key : `${section}.${key}`;
    if (/(^|\.)routes?($|\.)/.test(path)) found.push(`route: ${line}`);
    if (/(^|\.)dev(\.(host|ip|local_protocol))?$/.test(path) && /\b(host|ip)\b/.test(line))
      found.push(`host: ${line}`);
  }
  return found;
}

function startsBeyondLoopback(script: string): Finding[] {
  const found: Finding[] = [];
  if (/["']--(host|local-upstream|routes?|tunnel|remote|infer-origin[\w-]*)["'=]/.test(script))
    found.push("passes a host or a route");
  if (!/["']--ip["'],\s*["']127\.0\.0\.1["']/.test(script)) found.push("does not bind 127.0.0.1");
  return found;
}

describe("the local server answers only this machine", () => {
  it("wrangler.toml has no route and no host", () => {
    expect(doorsForStrangers(readSource("wrangler.toml").text)).toEqual([]);
  });

  it("npm start binds loopback and passes no host", () => {
    expect(startsBeyondLoopback(readSource("scripts/start.mjs").text)).toEqual([]);
  });

  it.each([
    `routes = ["example.com/*"]`,
    `route = { pattern = "example.com", custom_domain = true }`,
    `[[routes]]\npattern = "example.com"`,
    `[env.production]\nroutes = []`,
    `[dev]\nport = 1\nhost = "example.com"`,
    `[dev]\nip = "0.0.0.0"`,
    `dev = { host = "example.com" }`,
    `dev.host = "example.com"`,
  ])("refuses %j in wrangler.toml", (toml) => {
    expect(doorsForStrangers(toml).length).toBeGreaterThan(0);
  });

  it.each([
    `run("wrangler", ["dev", "--ip", "127.0.0.1", "--host", "example.com"]);`,
    `run("wrangler", ["dev", "--ip", "127.0.0.1", "--host=example.com"]);`,
    `run("wrangler", ["dev", "--ip", "0.0.0.0"]);`,
    `run("wrangler", ["dev"]);`,
  ])("refuses %s in the start script", (script) => {
    expect(startsBeyondLoopback(script)).toHaveLength(1);
  });
});
