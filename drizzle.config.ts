import { defineConfig } from "drizzle-kit";

/**
 * `npm run db:generate` writes into a folder that git ignores what drizzle would make of `src/db/schema.ts`: of the whole
 * of it the first time, of its changes after that. It is a draft to copy from: the migrations are written by hand, because
 * drizzle-kit knows no STRICT and its rebuilds drop triggers.
 */
export default defineConfig({
  dialect: "sqlite",
  schema: "./src/db/schema.ts",
  out: "./migrations/draft",
});
