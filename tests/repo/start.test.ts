import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

// By computed names, because the scripts are plain JavaScript without declarations.
const load = (name: string) => import(new URL(`../../scripts/${name}.mjs`, import.meta.url).href);
const { serverLines } = (await load("server-lines")) as {
  serverLines(write: (line: Buffer) => void): { write(chunk: Buffer): void; end(): void };
};
const { whenParentIsGone } = (await load("parent")) as {
  whenParentIsGone(parent: number, act: () => void, parentNow: () => number): void;
};
const { describeModels } = (await load("describe-models")) as {
  describeModels(worker: Record<string, string>): string;
};

/** What npm start prints of this output of the server, however it is cut into chunks. */
function printed(text: string, chunkBytes: number): string {
  const lines: Buffer[] = [];
  const server = serverLines((line) => lines.push(line));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    server.write(bytes.subarray(at, at + chunkBytes));
  }
  server.end();
  return Buffer.concat(lines).toString();
}

const warning = "\u001b[33m▲ \u001b[43;33m[\u001b[43;30mWARNING\u001b[43;33m]\u001b[0m \u001b[1m";
const error = "\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m \u001b[1m";
const json = '{"level":"warn","event":"tool.failed","note":"ä ✘ [ERROR] {}"}';

describe("what npm start prints of the server's output", () => {
  it.each([1, 7, 10_000])("leaves out requests for static files, in chunks of %i", (chunkBytes) => {
    const kept =
      "[wrangler:info] GET /activity 200 OK (3ms)\nKä\n[wrangler:info] POST /assets/x 404\n";
    const dropped =
      "[wrangler:info] GET /assets/app.css 200 OK (3ms)\n\u001b[2m[wrangler:info] GET /favicon.ico 404\u001b[0m\n[wrangler:info] HEAD /robots.txt 200 OK\n";
    expect(printed(`${dropped}${kept}${dropped}the end`, chunkBytes)).toBe(`${kept}the end`);
  });

  it.each([warning, error])("has the Worker's JSON as it was written, not as %j", (dress) => {
    expect(printed(`a\n${dress}${json}\u001b[0m\n\n\n${json}\n\nb\n`, 5)).toBe(
      `a\n${json}\n${json}\n\nb\n`,
    );
  });

  it("leaves wrangler's own warnings as they are", () => {
    const own = `${warning}The port is taken\u001b[0m\n\n`;
    expect(printed(own, 5)).toBe(own);
  });
});

describe("npm start with a wrong setting", () => {
  it.each([
    [
      { PRICE_MARKUP: "abc" },
      "Configuration is wrong. PRICE_MARKUP: must be a decimal such as 1.25, at most four digits after the point\n",
    ],
    [
      {
        GATEWAY_BASE_URL: "http://localhost:4000/v1",
        MODEL_CATALOG: '[{"id":"a","inputUsdPerMTok":"0","outputUsdPerMTok":"0"}]',
      },
      'MODEL_CATALOG: a: it costs nothing. Say so with "free": true.\n',
    ],
  ])(
    "ends at once, with one sentence: %j",
    (wrong, sentence) => {
      const stateDir = mkdtempSync(join(tmpdir(), "runledger-start-"));
      const script = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url).href);
      const env = { ...process.env, STATE_DIR: stateDir, PORT: "8", ...wrong };
      const options = { env, encoding: "utf8", timeout: 60_000 } as const;
      const { status, stderr } = spawnSync(process.execPath, [script], options);
      rmSync(stateDir, { recursive: true });
      expect({ status, stderr }).toEqual({ status: 1, stderr: sentence });
    },
    70_000,
  );
});

describe("the models in the start banner", () => {
  const gateway = { GATEWAY_BASE_URL: "http://user:secret@localhost:4000/v1?key=secret" };
  it.each([
    [{}, "the built-in demo model; GATEWAY_BASE_URL adds real ones"],
    [
      gateway,
      "the gateway at http://localhost:4000/v1 (dialect openai), no model configured: MODEL_CATALOG names them",
    ],
    [
      { ...gateway, GATEWAY_DIALECT: "litellm", MODEL_CATALOG: '[{"id":"a"},{"id":"b"}]' },
      "the gateway at http://localhost:4000/v1 (dialect litellm), 2 models configured",
    ],
    [
      { ...gateway, MODEL_CATALOG: '[{"id":"a"}]' },
      "the gateway at http://localhost:4000/v1 (dialect openai), 1 model configured",
    ],
  ])("of %j are %s", (worker, text) => {
    expect(describeModels(worker)).toBe(text);
  });
});

describe("a server whose npm was killed", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is stopped within a second or so, once", () => {
    let parent = 100;
    const stop = vi.fn<() => void>();
    whenParentIsGone(100, stop, () => parent);
    vi.advanceTimersByTime(60_000);
    expect(stop).not.toHaveBeenCalled();
    parent = 1;
    vi.advanceTimersByTime(1_000);
    expect(stop).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
