import type { D1Migration } from "cloudflare:test";
import type { Env as RunledgerEnv } from "../src/env.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../src/worker.ts");
    }
    interface Env extends RunledgerEnv {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
