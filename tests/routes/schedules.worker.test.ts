import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createKey } from "../../src/auth/api-keys.ts";
import { scopes } from "../../src/auth/principal.ts";
import { addCredits, createAccount } from "../../src/billing/credits.ts";
import { bearer, demoModel, now, openDoor, pepper, post, uncapped } from "./door.ts";

const free = { ...demoModel, id: "demo/free", free: true };
const door = openDoor(env.DB, { AUTH_MODE: "dev" }, { models: [demoModel, free] });
const terms = {
  name: "Morning poem",
  graphId: "langgraph:poet",
  message: "Write a poem.",
  cron: "0 9 * * *",
  timezone: "UTC",
};

async function accountWith(credits: number): Promise<Record<string, string>> {
  const { accountId } = await createAccount(env.DB, { name: "Test", now });
  if (credits !== 0) {
    const credit = { accountId, credits, reason: "correction", reference: "first" } as const;
    await addCredits({ db: env.DB, clock: { now: () => now } }, credit);
  }
  const wanted = { accountId, label: "k", scopes, ...uncapped, expiresAt: null };
  return bearer((await createKey(env.DB, wanted, pepper, now)).text);
}

describe("making a schedule", () => {
  test.each([
    [1, demoModel.id, 201],
    [0, demoModel.id, 402],
    [0, null, 402],
    [0, free.id, 201],
    [-1, free.id, 402],
  ])(
    "with %i credits and the model %s is answered %i, as a run would be",
    async (credits, model, status) => {
      const headers = await accountWith(credits);
      const made = await door.send("/api/v1/schedules", post({ ...terms, model }, headers));
      expect(made.status).toBe(status);
    },
  );
});
