import { defineConfig } from "drizzle-kit";

/**
 * `npm run db:generate` prints what drizzle would write for a change of `src/db/schema.ts`: a draft to copy from. The
 * migrations themselves are written by hand, because drizzle-kit knows no STRICT and its rebuilds drop triggers.
 */
export default defineConfig({
  dialect: "sqlite",
  schema: "./src/db/schema.ts",
  out: "./migrations/draft",
});
