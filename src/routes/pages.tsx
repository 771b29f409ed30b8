import { Hono } from "hono";
import { isId } from "../base/ids.ts";
import { AccountPage } from "../ui/account-page.tsx";
import { ActivityPage } from "../ui/activity-page.tsx";
import { ChatPage } from "../ui/chat-page.tsx";
import { RunPage } from "../ui/run-page.tsx";
import { SchedulesPage } from "../ui/schedules-page.tsx";
import type { AppEnv } from "./app-env.ts";
import { nothingHere } from "./error-response.ts";

/**
 * The pages hold no data: they are the same for everybody who is let in, and their scripts ask the API. So nothing on
 * them can show one account what belongs to another.
 */
export const pageRoutes = new Hono<AppEnv>()
  .get("/", (c) => c.html(<ChatPage />))
  .get("/activity", (c) => c.html(<ActivityPage />))
  .get("/schedules", (c) => c.html(<SchedulesPage />))
  .get("/account", (c) => c.html(<AccountPage />))
  .get("/runs/:runId", (c) => {
    const runId = c.req.param("runId");
    if (!isId("run", runId)) throw nothingHere();
    return c.html(<RunPage runId={runId} />);
  });
