import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../base/errors.ts";
import { readSchedule } from "../schedules/schedule-rows.ts";
import type { ListedSchedule } from "../schedules/schedule-rows.ts";
import type { AppEnv } from "./app-env.ts";
import { pathId } from "./schemas.ts";

export const scheduleParams = z.object({ scheduleId: pathId("schedule") });

/** A schedule of the calling account. Another account's is answered like one that never was. */
export async function ownSchedule(
  c: Context<AppEnv>,
  { scheduleId }: z.output<typeof scheduleParams>,
): Promise<ListedSchedule> {
  const schedule = await readSchedule(c.env.DB, c.get("principal").accountId, scheduleId);
  if (schedule === null) throw new ApiError("not_found", "There is no such schedule.");
  return schedule;
}
