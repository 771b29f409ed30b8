import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { toIso } from "../../src/base/clock.ts";
import { setAccountCaps } from "../../src/billing/account-caps.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { listRuns } from "../../src/billing/statement.ts";
import type { Env } from "../../src/env.ts";
import { changeSchedule } from "../../src/schedules/change-schedule.ts";
import { slotRunId } from "../../src/schedules/plan-slot.ts";
import type { Schedule, ScheduleTerms } from "../../src/schedules/schedule.ts";
import { deleteSchedule, readSchedule, updateSchedule } from "../../src/schedules/schedule-rows.ts";
import { runTick } from "../../src/schedules/tick.ts";
import {
  catalogs,
  countingD1,
  end,
  FakeRuns,
  newAccount,
  newSchedule,
  startedRun,
} from "./fakes.ts";
import { RecordingLog } from "../logs.ts";

const minuteMs = 60_000;
const start = Date.parse("2026-06-01T10:00:00Z");
let now = start;
let runs = new FakeRuns(() => now);
let log = new RecordingLog();
let owner = { accountId: "", virtualKeyId: "" };

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM schedules").run();
  now = start - 30_000;
  runs = new FakeRuns(() => now);
  log = new RecordingLog();
  owner = await newAccount();
});

const tick = (environment: Env = env) =>
  runTick(environment, { catalogs, clock: { now: () => now }, log, runs });

/** A schedule of every minute whose first slot is `start`. */
const everyMinute = (changes: Partial<ScheduleTerms> = {}) => newSchedule(owner, now, changes);

async function stored({ accountId, scheduleId }: Schedule) {
  const schedule = await readSchedule(env.DB, accountId, scheduleId);
  if (schedule === null) throw new Error("no schedule");
  return schedule;
}

async function runsOf({ accountId, scheduleId }: Schedule) {
  const { items } = await listRuns(env.DB, { accountId, scheduleId, limit: 100 });
  return items.map(({ scheduledFor, status, errorCode }) => ({
    slot: scheduledFor === null ? null : (scheduledFor - start) / minuteMs,
    status,
    errorCode,
  }));
}

const running = (slot: number) => ({ slot, status: "running", errorCode: null });

describe("a slot", () => {
  it("becomes one run of the schedule's account and key, with the slot's time", async () => {
    const schedule = await everyMinute();
    now = start + 2_000;
    expect(await tick()).toMatchObject({ due: 1, started: 1 });
    expect(runs.starts).toHaveLength(1);
    expect(runs.starts[0]).toMatchObject({
      context: {
        runId: slotRunId(schedule.scheduleId, start),
        attempt: 0,
        billingAccountId: owner.accountId,
        virtualKeyId: owner.virtualKeyId,
        trigger: "schedule",
      },
      isNewThread: true,
      threadTitle: "Every minute",
      scheduleId: schedule.scheduleId,
      scheduledFor: toIso(start),
    });
    expect(await stored(schedule)).toMatchObject({
      nextRunAt: start + minuteMs,
      missedSlots: 0,
      lastStatus: "running",
    });
  });

  it("is not fired before its time, nor by a clock that stepped back", async () => {
    const schedule = await everyMinute();
    expect(await tick()).toMatchObject({ due: 0 });
    now = start;
    await tick();
    now = start - 10 * minuteMs;
    expect(await tick()).toMatchObject({ due: 0 });
    now = start + 30_000;
    expect(await tick()).toMatchObject({ due: 0 });
    now = start + minuteMs;
    await tick();
    expect(runs.created).toHaveLength(2);
    expect(await stored(schedule)).toMatchObject({ missedSlots: 0 });
  });

  it("fired by two ticks at once is one run, and the schedule moves on once", async () => {
    const schedule = await everyMinute();
    now = start + 5 * minuteMs;
    await Promise.all([tick(), tick(), tick()]);
    expect(runs.created).toEqual([slotRunId(schedule.scheduleId, now)]);
    expect(await stored(schedule)).toMatchObject({ nextRunAt: now + minuteMs, missedSlots: 5 });
  });

  it("of a tick that died after the start is one run, and not missed", async () => {
    const schedule = await everyMinute();
    now = start;
    const dying = { ...env, DB: diesAtBatch(2) };
    await expect(tick(dying)).rejects.toThrow("died");
    expect(runs.created).toHaveLength(1);
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start });
    await tick();
    expect(runs.created).toHaveLength(1);
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start + minuteMs, missedSlots: 0 });
  });

  it("of a tick that died is no missed slot for a tick a minute later either", async () => {
    const schedule = await everyMinute();
    now = start;
    await expect(tick({ ...env, DB: diesAtBatch(2) })).rejects.toThrow("died");
    now = start + minuteMs;
    await tick();
    expect(await runsOf(schedule)).toEqual([running(1), running(0)]);
    expect(await stored(schedule)).toMatchObject({
      missedSlots: 0,
      nextRunAt: start + 2 * minuteMs,
    });
  });

  it("whose start got no answer is repeated by the next tick under the same ids", async () => {
    const schedule = await everyMinute();
    now = start;
    runs.after = () => {
      throw new Error("Network connection lost");
    };
    expect(await tick()).toMatchObject({ deferred: 1 });
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start });
    runs.after = () => {};
    now = start + 30_000;
    expect(await tick()).toMatchObject({ repeated: 1 });
    expect(runs.created).toHaveLength(1);
    const [first, second] = runs.starts;
    expect(second?.threadId).toBe(first?.threadId);
    expect(second?.requestHash).toBe(first?.requestHash);
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start + minuteMs });
  });

  it.each(["provider_unavailable", "rate_limit"] as const)(
    "refused with %s stays due",
    async (code) => {
      const schedule = await everyMinute();
      now = start;
      runs.before = () => ({ ok: false, code, message: "Later." });
      expect(await tick()).toMatchObject({ deferred: 1 });
      expect(await stored(schedule)).toMatchObject({ nextRunAt: start });
      expect(await runsOf(schedule)).toEqual([]);
    },
  );
});

/** A database that loses its connection at the n-th batch, before it is written. */
function diesAtBatch(n: number): D1Database {
  let batches = 0;
  return new Proxy(env.DB, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "batch" && (batches += 1) === n) throw new Error("died");
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

describe("missed slots", () => {
  it.each([1, 5, 60])(
    "of %i minutes are one late run of the newest, and counted",
    async (minutes) => {
      const schedule = await everyMinute();
      now = start + minutes * minuteMs + 3_000;
      await tick();
      expect(await runsOf(schedule)).toEqual([running(minutes)]);
      expect(await stored(schedule)).toMatchObject({
        missedSlots: minutes,
        nextRunAt: start + (minutes + 1) * minuteMs,
      });
    },
  );

  it("are passed over where the schedule does not catch up", async () => {
    const schedule = await newSchedule(owner, start - 30_000, {
      cron: "0 * * * *",
      catchUp: "none",
    });
    now = start + 30 * minuteMs;
    expect(await tick()).toMatchObject({ passedOver: 1, started: 0 });
    expect(await runsOf(schedule)).toEqual([]);
    expect(await stored(schedule)).toMatchObject({
      missedSlots: 1,
      nextRunAt: start + 60 * minuteMs,
    });
    now = start + 61 * minuteMs;
    expect(await tick()).toMatchObject({ started: 1 });
  });
});

describe("an earlier run that is still active", () => {
  it("makes the slot a skipped run with its reason", async () => {
    const schedule = await everyMinute({ overlap: "skip" });
    for (now = start; now < start + 15 * minuteMs; now += minuteMs) await tick();
    const [newest, ...older] = await runsOf(schedule);
    expect(newest).toEqual({ slot: 14, status: "skipped", errorCode: "conflict" });
    expect(older).toHaveLength(14);
    expect(runs.created).toHaveLength(1);
    expect(await stored(schedule)).toMatchObject({ enabled: true, lastStatus: "skipped" });
    await end(slotRunId(schedule.scheduleId, start), "success");
    await tick();
    expect(runs.created).toHaveLength(2);
  });

  it("runs on beside the new one where that is allowed", async () => {
    const schedule = await everyMinute({ overlap: "allow" });
    for (now = start; now < start + 3 * minuteMs; now += minuteMs) await tick();
    expect(await runsOf(schedule)).toEqual([running(2), running(1), running(0)]);
    expect(runs.cancelled).toEqual([]);
  });

  it("is cancelled before the new one starts where that is asked for", async () => {
    const schedule = await everyMinute({ overlap: "cancel_previous" });
    now = start;
    await tick();
    now = start + minuteMs;
    await tick();
    expect(runs.cancelled).toEqual([slotRunId(schedule.scheduleId, start)]);
    expect(await runsOf(schedule)).toEqual([
      running(1),
      { slot: 0, status: "cancelled", errorCode: null },
    ]);
  });

  it("that cannot be cancelled for now leaves the slot due", async () => {
    const schedule = await everyMinute({ overlap: "cancel_previous" });
    now = start;
    await tick();
    runs.cancel = () => Promise.reject(new Error("unreachable"));
    now = start + minuteMs;
    expect(await tick()).toMatchObject({ deferred: 1 });
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start + minuteMs });
    expect(runs.starts).toHaveLength(1);
  });
});

describe("a slot without credit", () => {
  const refused = (slot: number) => ({
    slot,
    status: "skipped",
    errorCode: "insufficient_credits",
  });

  it("is a skipped run with its reason, and the third in a row pauses the schedule", async () => {
    owner = await newAccount(0);
    const schedule = await everyMinute();
    for (const minute of [0, 1]) {
      now = start + minute * minuteMs;
      expect(await tick()).toMatchObject({ skipped: 1, paused: 0 });
    }
    expect(await stored(schedule)).toMatchObject({ enabled: true, pausedReason: null });
    now = start + 2 * minuteMs;
    expect(await tick()).toMatchObject({ skipped: 1, paused: 1 });
    expect(await runsOf(schedule)).toEqual([refused(2), refused(1), refused(0)]);
    expect(await stored(schedule)).toMatchObject({
      enabled: false,
      nextRunAt: null,
      pausedReason: expect.stringContaining("available credits do not cover"),
    });
    now = start + 3 * minuteMs;
    expect(await tick()).toMatchObject({ due: 0 });
  });

  it("does not pause a schedule for a limit that begins anew by itself", async () => {
    owner = await newAccount(1_000);
    await setAccountCaps(env.DB, owner.accountId, {
      maxCreditsPerDay: 1,
      maxCreditsPerMonth: null,
    });
    const schedule = await everyMinute();
    for (now = start; now < start + 4 * minuteMs; now += minuteMs)
      expect(await tick()).toMatchObject({ skipped: 1, paused: 0 });
    const [last] = await runsOf(schedule);
    expect(last).toMatchObject({ status: "skipped", errorCode: "rate_limit" });
    expect(await stored(schedule)).toMatchObject({ enabled: true, nextRunAt: now });
    // Should the tick have died before it moved on, the slot is found as it is.
    await env.DB.prepare("UPDATE schedules SET next_run_at = ?2 WHERE id = ?1")
      .bind(schedule.scheduleId, start)
      .run();
    now -= minuteMs;
    expect(await tick()).toMatchObject({ deferred: 0 });
  });

  it("counts anew after a run in between, and after its owner enabled the schedule again", async () => {
    owner = await newAccount(0);
    const schedule = await everyMinute();
    const clock = { now: () => now };
    for (now = start; now < start + 2 * minuteMs; now += minuteMs) await tick();
    const credit = {
      accountId: owner.accountId,
      credits: 10,
      reason: "top_up",
      reference: "r",
    } as const;
    await addCredits({ db: env.DB, clock }, credit);
    await tick();
    for (now += minuteMs; now < start + 5 * minuteMs; now += minuteMs) await tick();
    expect(await stored(schedule)).toMatchObject({ enabled: true });
    await tick();
    expect(await stored(schedule)).toMatchObject({ enabled: false });
    const before = await stored(schedule);
    const changed = changeSchedule(before, { enabled: true }, before, catalogs, now);
    expect(changed.ok && (await updateSchedule(env.DB, changed))).toBe(true);
    now += minuteMs;
    await tick();
    expect(await stored(schedule)).toMatchObject({ enabled: true, pausedReason: null });
  });
});

describe("a schedule changed while it fires", () => {
  it("keeps its owner's new time", async () => {
    const schedule = await everyMinute();
    now = start;
    runs.before = async () => {
      const before = await stored(schedule);
      const changed = changeSchedule(before, { cron: "30 * * * *" }, before, catalogs, now);
      expect(changed.ok && (await updateSchedule(env.DB, changed))).toBe(true);
      return null;
    };
    await tick();
    expect(await stored(schedule)).toMatchObject({
      nextRunAt: start + 30 * minuteMs,
      cron: "30 * * * *",
    });
    expect(runs.created).toHaveLength(1);
  });

  it("moves on where only its message was changed, and the slot is not fired again with it", async () => {
    const schedule = await everyMinute();
    now = start;
    runs.before = async () => {
      const before = await stored(schedule);
      const changed = changeSchedule(before, { message: "Other." }, before, catalogs, now);
      expect(changed.ok && (await updateSchedule(env.DB, changed))).toBe(true);
      return null;
    };
    await tick();
    expect(await stored(schedule)).toMatchObject({
      nextRunAt: start + minuteMs,
      message: "Other.",
    });
  });

  it("stays paused, or deleted", async () => {
    const [pausing, deleting] = [await everyMinute(), await everyMinute()];
    now = start;
    runs.before = async ({ scheduleId }) => {
      if (scheduleId === deleting.scheduleId) {
        await deleteSchedule(env.DB, deleting.accountId, deleting.scheduleId);
        return null;
      }
      const before = await stored(pausing);
      const changed = changeSchedule(before, { enabled: false }, before, catalogs, now);
      expect(changed.ok && (await updateSchedule(env.DB, changed))).toBe(true);
      return null;
    };
    await tick();
    expect(await stored(pausing)).toMatchObject({
      enabled: false,
      nextRunAt: null,
      pausedReason: null,
    });
    now = start + minuteMs;
    expect(await tick()).toMatchObject({ due: 0 });
  });

  it("whose slot was started with the old message is not started with the new one", async () => {
    const schedule = await everyMinute();
    now = start;
    runs.after = () => {
      throw new Error("lost");
    };
    await tick();
    runs.after = () => {};
    const before = await stored(schedule);
    const changed = changeSchedule(before, { message: "Other." }, before, catalogs, now);
    expect(changed.ok && (await updateSchedule(env.DB, changed))).toBe(true);
    expect(await tick()).toMatchObject({ repeated: 1 });
    expect(await runsOf(schedule)).toEqual([running(0)]);
    expect(await stored(schedule)).toMatchObject({ nextRunAt: start + minuteMs });
  });
});

describe("a schedule that cannot run any more", () => {
  it("is paused with its reason and does not keep the others from firing", async () => {
    const [gone, nonsense, revoked, sound] = [
      await everyMinute(),
      await everyMinute(),
      await everyMinute(),
      await everyMinute(),
    ];
    const key = "key_revoked";
    await env.DB.batch([
      env.DB.prepare("UPDATE schedules SET graph_id = 'langgraph:gone' WHERE id = ?1").bind(
        gone.scheduleId,
      ),
      env.DB.prepare("UPDATE schedules SET cron = 'x' WHERE id = ?1").bind(nonsense.scheduleId),
      env.DB.prepare(
        "INSERT INTO virtual_keys (id, billing_account_id, label, scopes, revoked_at, created_at) VALUES (?1, ?2, 'k', '[]', 1, 0)",
      ).bind(key, owner.accountId),
      env.DB.prepare("UPDATE schedules SET virtual_key_id = ?2 WHERE id = ?1").bind(
        revoked.scheduleId,
        key,
      ),
    ]);
    now = start;
    expect(await tick()).toMatchObject({ due: 4, started: 1, paused: 3 });
    expect(await stored(gone)).toMatchObject({
      enabled: false,
      nextRunAt: null,
      pausedReason: expect.stringContaining("no such graph"),
    });
    expect(await stored(nonsense)).toMatchObject({ enabled: false });
    expect(await stored(revoked)).toMatchObject({
      pausedReason: expect.stringContaining("revoked"),
    });
    expect(await runsOf(sound)).toEqual([running(0)]);
  });
});

describe("many schedules due in one minute", () => {
  it("are all started, once each, in few D1 round trips", async () => {
    const many = Array.from({ length: 500 }, () => everyMinute());
    const ids = (await Promise.all(many)).map(({ scheduleId }) => slotRunId(scheduleId, start));
    now = start;
    runs.before = ({ context: { runId } }) => startedRun(runId);
    const counted = countingD1();
    expect(await tick(counted.env)).toMatchObject({ due: 500, started: 500 });
    expect(runs.starts).toHaveLength(500);
    expect(new Set(runs.starts.map(({ context }) => context.runId))).toEqual(new Set(ids));
    expect(counted.roundTrips()).toBeLessThanOrEqual(16);
  }, 60_000);
});

describe("the log of a tick", () => {
  it("names schedule, run and slot, and no message", async () => {
    const schedule = await everyMinute({ message: "a secret poem", name: "a secret name" });
    now = start;
    await tick();
    const line = log.lines.find(({ event }) => event === "schedule.started");
    expect(line?.fields).toMatchObject({
      scheduleId: schedule.scheduleId,
      accountId: owner.accountId,
      runId: slotRunId(schedule.scheduleId, start),
      slot: toIso(start),
    });
    expect(log.events()).toContain("schedule.tick");
    expect(JSON.stringify(log.lines)).not.toContain("secret");
  });
});
