import type { JWTVerifyGetKey } from "jose";
import { createApp } from "../../src/app.ts";
import { createKey, type KeyCaps } from "../../src/auth/api-keys.ts";
import { parseConfig } from "../../src/base/config.ts";
import { newId } from "../../src/base/ids.ts";
import type { Log } from "../../src/base/log.ts";
import { ensureAccount } from "../../src/billing/credits.ts";
import type { Env } from "../../src/env.ts";
import type { ModelEntry } from "../../src/ports/model-catalog.ts";
import { scopes } from "../../src/auth/principal.ts";
import type { Scope } from "../../src/auth/principal.ts";
import { FakeRuns } from "./fake-runs.ts";

export const home = "http://localhost:8787";
export const adminToken = "operator-token-for-tests";
export const pepper = "pepper-for-tests";
export const grantedCredits = 1_000_000;
export const now = Date.UTC(2026, 10, 21, 12);

export const demoModel: ModelEntry = {
  id: "demo/small",
  name: "Demo",
  provider: "demo",
  inputUsdPerMTok: "0.10",
  outputUsdPerMTok: "0.40",
  cacheReadUsdPerMTok: null,
  cacheWriteUsdPerMTok: null,
  contextTokens: 8_000,
  isContextStated: true,
  maxOutputTokens: 500,
  free: false,
  onStop: "cut",
  gateway: "demo",
};

const poet = {
  name: "poet",
  title: "Poet",
  description: "Writes a poem",
  toolIds: ["core__current_time"],
  nodeKeys: ["poet"],
  interrupts: false,
};

export interface Door {
  runs: FakeRuns;
  app: ReturnType<typeof createApp>;
  /** Lines that the app logged. */
  logged: string[];
  send(path: string, init?: RequestInit): Promise<Response>;
}

/** The whole app over the given D1, with RunObjects faked. `variables` are those of a deployment. */
export function openDoor(
  db: D1Database,
  variables: Record<string, string> = { AUTH_MODE: "dev" },
  options: { accessKeys?: JWTVerifyGetKey; rate?: RateLimit; models?: ModelEntry[] } = {},
): Door {
  const runs = new FakeRuns(db);
  const logged: string[] = [];
  const log: Log = {
    log: (level, event, fields) => void logged.push(JSON.stringify({ level, event, ...fields })),
  };
  const { accessKeys, models = [demoModel] } = options;
  const app = createApp(
    () => ({
      config: parseConfig({ API_KEY_PEPPER: pepper, ADMIN_TOKEN: adminToken, ...variables }),
      clock: { now: () => now },
      log,
      catalogs: {
        graphs: new Map([["langgraph:poet", poet]]),
        models: {
          models,
          defaultModelId: demoModel.id,
          find: (id) => models.find((model) => model.id === id) ?? null,
        },
      },
      defaultGraphId: "langgraph:poet",
      version: "0.0.0-test",
    }),
    accessKeys === undefined ? {} : { accessKeys: () => accessKeys },
  );
  const bindings: Partial<Env> = { DB: db, RUNS: runs.namespace };
  if (options.rate !== undefined) bindings.API_RATE = options.rate;
  return {
    runs,
    app,
    logged,
    send: async (path, init) =>
      app.request(path.startsWith("http") ? path : home + path, init, bindings),
  };
}

export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

export function bearer(text: string): Record<string, string> {
  return { authorization: `Bearer ${text}` };
}

export const uncapped: KeyCaps = {
  maxCredits: null,
  maxCreditsPerDay: null,
  maxCreditsPerMonth: null,
};

/** A new account with credit and a key, as a program would have them. */
export async function newTenant(
  db: D1Database,
  keyScopes: readonly Scope[] = scopes,
  { expiresAt = null, ...caps }: Partial<KeyCaps> & { expiresAt?: number | null } = {},
) {
  const accountId = newId("account");
  await ensureAccount(db, { accountId, name: "Tenant", grantCredits: grantedCredits, now });
  const { key, text } = await createKey(
    db,
    {
      accountId,
      label: "test",
      scopes: keyScopes,
      ...uncapped,
      ...caps,
      expiresAt,
    },
    pepper,
    now,
  );
  return { accountId, keyId: key.keyId, secret: text, headers: bearer(text) };
}

export interface ErrorBody {
  error: { code: string; message: string; requestId: string; issues?: { path: string }[] };
}

/** What every refusal of the API looks like; returns its code. */
export async function errorCodeOf(response: Response): Promise<string> {
  const body = await response.json<ErrorBody>();
  if (Object.keys(body).join() !== "error") throw new Error("not the error shape");
  const { code, message, requestId } = body.error;
  if (message === "" || requestId !== response.headers.get("x-request-id")) {
    throw new Error(`error ${code} lacks a message or its request id`);
  }
  return code;
}

/** With which code a socket that was accepted only to be refused is closed. */
export async function closeCodeOf(response: Response): Promise<number> {
  const socket = response.webSocket;
  if (socket === null) throw new Error("no socket was accepted");
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener("close", ({ code }) => resolve(code));
  });
  socket.accept();
  return closed;
}
