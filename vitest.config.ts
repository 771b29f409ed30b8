import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { startFakeGateway } from "./tests/fake-gateway/server.ts";

const migrations = await readD1Migrations("./migrations");
/** Serves every project; its log is kept apart by run id. */
const gateway = await startFakeGateway();

/** Prices of the fake gateway; the first one is the default model. */
const models = [
  { id: "fake/model", inputUsdPerMTok: "1", outputUsdPerMTok: "2", maxOutputTokens: 1000 },
  { id: "fake/other", inputUsdPerMTok: "3", outputUsdPerMTok: "4", maxOutputTokens: 1000 },
];

/** Only so that a test which hangs ends: no test is about how long it takes, and a busy machine takes long. */
const testTimeout = 60_000;

/**
 * Three projects: `node` for what needs no Workers API, `workers` for what runs in workerd against real D1 and Durable
 * Objects (`*.worker.test.ts`), `browser` for Chromium (`tests/browser/`).
 */
export default defineConfig({
  test: {
    // The product logs a line for every step; a test that passes has nothing to say.
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "node",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/**/*.worker.test.ts", "tests/browser/**"],
          environment: "node",
          testTimeout,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: migrations,
                AUTH_MODE: "dev",
                ADMIN_TOKEN: "test-admin-token",
                API_KEY_PEPPER: "test-pepper",
                GATEWAY_DIALECT: "litellm",
                GATEWAY_BASE_URL: `${gateway.url}/v1`,
                GATEWAY_API_KEY: "sk-test",
                MODEL_CATALOG: JSON.stringify(models),
                PRICE_MARKUP: "1.25",
                DEMO_PACE_MS: "0",
              },
            },
          }),
        ],
        test: {
          name: "workers",
          isolate: false,
          testTimeout,
          include: ["tests/**/*.worker.test.ts"],
          setupFiles: ["./tests/setup-worker.ts"],
        },
      },
      {
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          environment: "node",
          testTimeout,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
