import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { unstable_getVarsForDev as readBack } from "wrangler";
import { readSource } from "./source.ts";

interface Settings {
  workerVariables: readonly string[];
  readSettings(
    environment: Record<string, string | undefined>,
    devVarsPath: string,
  ): { start: Record<string, string>; worker: Record<string, string> };
  formatEnvFile(values: Record<string, string>): string;
}

// By a computed name, because the scripts are plain JavaScript without declarations.
const script = new URL("../../scripts/settings.mjs", import.meta.url).href;
const { workerVariables, readSettings, formatEnvFile } = (await import(script)) as Settings;

const folder = mkdtempSync(join(tmpdir(), "runledger-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

function writeFile(text: string): string {
  const path = join(folder, "vars");
  writeFileSync(path, text);
  return path;
}

function asWranglerReads(text: string): Record<string, unknown> {
  const variables = readBack(undefined, [writeFile(text)], {}, undefined, true);
  return Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [
      name,
      "value" in variable ? variable.value : undefined,
    ]),
  );
}

const awkward = "ab$'`\"\\n\n\r{}#= ".split("");

describe("the settings of npm start", () => {
  it("are the variables that the Worker declares", () => {
    const declared = readSource("src/env.ts").text.split("type EnvVariable")[1] ?? "";
    expect([...declared.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name)).toEqual(workerVariables);
  });

  it("come from the environment before .dev.vars, and empty counts as none", () => {
    const devVars = writeFile("ADMIN_TOKEN=from-file\nPORT=1\nGATEWAY_BASE_URL=http://x\nOWN=1\n");
    const environment = { ADMIN_TOKEN: "from-environment", GATEWAY_BASE_URL: "", HOME: "/x" };
    expect(readSettings(environment, devVars)).toEqual({
      start: { PORT: "1" },
      worker: { ADMIN_TOKEN: "from-environment", OWN: "1" },
    });
  });

  it("do without .dev.vars", () => {
    const none = join(folder, "none");
    expect(readSettings({ PORT: "2" }, none)).toEqual({ start: { PORT: "2" }, worker: {} });
  });

  it.each([
    `[{"id":"it's","name":"a\\"b\\nc $HOME \${HOME} #x"}]`,
    "two\nlines",
    " spaces around ",
    "$ecret$",
    'a "quoted" word',
    "back`tick",
  ])("reach the Worker unchanged: %j", (value) => {
    expect(asWranglerReads(formatEnvFile({ MODEL_CATALOG: value }))).toEqual({
      MODEL_CATALOG: value,
    });
  });

  it("reach the Worker unchanged or are refused, whatever they hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...awkward) }), (value) => {
        let text: string;
        try {
          text = formatEnvFile({ A: value });
        } catch {
          return;
        }
        expect(asWranglerReads(text)).toEqual({ A: value });
      }),
    );
  });

  it("are refused by name only", () => {
    expect(() => formatEnvFile({ ADMIN_TOKEN: "both ' and `" })).toThrow(/^ADMIN_TOKEN [^']*$/);
  });
});
