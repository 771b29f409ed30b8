import { sql } from "drizzle-orm";
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { activeStatuses } from "./active-runs.ts";

/**
 * The tables of `migrations/` as queries see them. The migrations are the truth (STRICT, checks and triggers cannot be
 * said here); a test compares the columns. Money in credits, times in milliseconds since the epoch.
 */

export const billingAccounts = sqliteTable("billing_accounts", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  balanceCredits: integer("balance_credits").notNull().default(0),
  heldCredits: integer("held_credits").notNull().default(0),
  activeRuns: integer("active_runs").notNull().default(0),
  createdAt: integer("created_at").notNull().default(0),
  maxCreditsPerDay: integer("max_credits_per_day"),
  maxCreditsPerMonth: integer("max_credits_per_month"),
});

export const virtualKeys = sqliteTable(
  "virtual_keys",
  {
    id: text("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    label: text("label").notNull(),
    secretHmac: text("secret_hmac"),
    scopes: text("scopes", { mode: "json" }).$type<string[]>().notNull(),
    maxCredits: integer("max_credits"),
    chargedCredits: integer("charged_credits").notNull().default(0),
    heldCredits: integer("held_credits").notNull().default(0),
    expiresAt: integer("expires_at"),
    revokedAt: integer("revoked_at"),
    isDefault: integer("is_default", { mode: "boolean" }).notNull().default(false),
    createdAt: integer("created_at").notNull(),
    maxCreditsPerDay: integer("max_credits_per_day"),
    maxCreditsPerMonth: integer("max_credits_per_month"),
  },
  (t) => [
    uniqueIndex("virtual_keys_default")
      .on(t.billingAccountId)
      .where(sql`${t.isDefault} = 1`),
    index("virtual_keys_account").on(t.billingAccountId, t.id),
  ],
);

export const spendByPeriod = sqliteTable(
  "spend_by_period",
  {
    ownerId: text("owner_id").notNull(),
    period: text("period").notNull(),
    chargedCredits: integer("charged_credits").notNull(),
  },
  (t) => [primaryKey({ columns: [t.ownerId, t.period] })],
);

export const accessIdentities = sqliteTable("access_identities", {
  subject: text("subject").primaryKey(),
  billingAccountId: text("billing_account_id").notNull(),
  email: text("email"),
  createdAt: integer("created_at").notNull(),
});

const triggers = ["chat", "schedule", "api", "webhook"] as const;

export const threads = sqliteTable(
  "threads",
  {
    id: text("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    title: text("title").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    trigger: text("trigger", { enum: triggers }).notNull(),
  },
  // Its second column is an expression, which the migration has.
  (t) => [index("threads_account").on(t.billingAccountId, t.updatedAt, t.id)],
);

export const messages = sqliteTable(
  "messages",
  {
    threadId: text("thread_id").notNull(),
    createdAt: integer("created_at").notNull(),
    id: text("id").notNull(),
    runId: text("run_id").notNull(),
    role: text("role", { enum: ["user", "assistant"] }).notNull(),
    content: text("content").notNull(),
  },
  (t) => [primaryKey({ columns: [t.threadId, t.createdAt, t.id] })],
);

export const graphRuns = sqliteTable(
  "graph_runs",
  {
    id: text("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    virtualKeyId: text("virtual_key_id").notNull(),
    threadId: text("thread_id"),
    graphId: text("graph_id").notNull(),
    model: text("model").notNull(),
    trigger: text("trigger", { enum: triggers }).notNull(),
    scheduleId: text("schedule_id"),
    scheduledFor: integer("scheduled_for"),
    requestId: text("request_id").notNull(),
    requestHash: text("request_hash").notNull(),
    status: text("status", {
      enum: ["pending", "running", "interrupted", "success", "error", "cancelled", "skipped"],
    }).notNull(),
    attempt: integer("attempt").notNull().default(0),
    rev: integer("rev").notNull().default(1),
    errorCode: text("error_code"),
    errorMessage: text("error_message"),
    output: text("output"),
    books: text("books", { mode: "json" }).$type<{
      dispatches: number;
      settled: number;
      unknown: number;
      voided: number;
      open: number;
      closed: boolean;
    }>(),
    callCount: integer("call_count").notNull().default(0),
    inputTokens: integer("input_tokens").notNull().default(0),
    outputTokens: integer("output_tokens").notNull().default(0),
    chargedCredits: integer("charged_credits").notNull().default(0),
    leaseCredits: integer("lease_credits").notNull(),
    leaseOpen: integer("lease_open", { mode: "boolean" }).notNull(),
    heldCredits: integer("held_credits")
      .notNull()
      .generatedAlwaysAs(
        sql`CASE lease_open WHEN 1 THEN max(0, lease_credits - charged_credits) ELSE 0 END`,
        { mode: "stored" },
      ),
    createdAt: integer("created_at").notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at"),
    reopenedAt: integer("reopened_at"),
    reconciling: integer("reconciling", { mode: "boolean" }).notNull().default(false),
  },
  (t) => [
    index("graph_runs_account").on(t.billingAccountId, t.createdAt, t.id),
    index("graph_runs_active")
      .on(t.threadId)
      .where(sql`${t.status} IN ${sql.raw(activeStatuses)}`),
    index("graph_runs_finished")
      .on(t.billingAccountId, t.finishedAt)
      .where(sql`${t.finishedAt} IS NOT NULL`),
    index("graph_runs_reconciling")
      .on(t.id)
      .where(sql`${t.reconciling} = 1`),
    index("graph_runs_schedule_active")
      .on(t.scheduleId, t.status)
      .where(sql`${t.scheduleId} IS NOT NULL AND ${t.status} IN ${sql.raw(activeStatuses)}`),
    index("graph_runs_schedule")
      .on(t.scheduleId, t.createdAt, t.id)
      .where(sql`${t.scheduleId} IS NOT NULL`),
  ],
);

const settlements = ["final", "estimated", "unknown"] as const;
const provenances = [
  "header",
  "usage",
  "price_table",
  "gateway_log",
  "estimate",
  "reported",
] as const;

export const chargeReceipts = sqliteTable(
  "charge_receipts",
  {
    id: text("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    virtualKeyId: text("virtual_key_id").notNull(),
    runId: text("run_id").notNull(),
    attempt: integer("attempt").notNull(),
    requestId: text("request_id").notNull(),
    sourceSystem: text("source_system", {
      enum: [
        "litellm",
        "openai",
        "openrouter",
        "ai_gateway",
        "ollama",
        "anthropic_sdk",
        "demo",
        "external",
      ],
    }).notNull(),
    sourceReference: text("source_reference").notNull(),
    usageUnitId: text("usage_unit_id").notNull(),
    providerCallId: text("provider_call_id"),
    graphId: text("graph_id").notNull(),
    executorType: text("executor_type", {
      enum: ["inproc", "langgraph_server", "claude_sdk", "n8n", "sandbox"],
    }).notNull(),
    trigger: text("trigger", { enum: triggers }).notNull(),
    receiptKind: text("receipt_kind", { enum: ["llm"] }).notNull(),
    provenance: text("provenance", { enum: provenances }).notNull(),
    settlement: text("settlement", { enum: settlements }).notNull(),
    provider: text("provider").notNull(),
    model: text("model").notNull(),
    servedModel: text("served_model"),
    inputTokens: integer("input_tokens").notNull(),
    outputTokens: integer("output_tokens").notNull(),
    cacheReadTokens: integer("cache_read_tokens").notNull(),
    cacheWriteTokens: integer("cache_write_tokens").notNull(),
    reasoningTokens: integer("reasoning_tokens").notNull(),
    costUsd: text("cost_usd").notNull(),
    chargedCredits: integer("charged_credits").notNull(),
    priceVersion: text("price_version").notNull(),
    contentHash: text("content_hash").notNull(),
    usageRaw: text("usage_raw"),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    uniqueIndex("charge_receipts_reference").on(t.sourceSystem, t.sourceReference),
    uniqueIndex("charge_receipts_call")
      .on(t.sourceSystem, t.providerCallId)
      .where(sql`${t.providerCallId} IS NOT NULL`),
    index("charge_receipts_run").on(t.runId, t.attempt),
    index("charge_receipts_request").on(t.requestId),
    index("charge_receipts_account").on(t.billingAccountId, t.createdAt, t.id),
    index("charge_receipts_trigger").on(t.billingAccountId, t.trigger, t.createdAt, t.id),
    index("charge_receipts_graph").on(t.billingAccountId, t.graphId, t.trigger, t.createdAt, t.id),
    index("charge_receipts_model").on(t.billingAccountId, t.model, t.trigger, t.createdAt, t.id),
    index("charge_receipts_graph_model").on(
      t.billingAccountId,
      t.graphId,
      t.model,
      t.trigger,
      t.createdAt,
      t.id,
    ),
    // Partial; the migration has their conditions.
    index("charge_receipts_unknown").on(t.createdAt, t.id),
    index("charge_receipts_zero_cost").on(t.model, t.id),
    index("charge_receipts_unnamed").on(t.id),
  ],
);

export const receiptCorrections = sqliteTable(
  "receipt_corrections",
  {
    id: integer("id").primaryKey(),
    receiptId: text("receipt_id").notNull(),
    billingAccountId: text("billing_account_id").notNull(),
    reason: text("reason", { enum: ["correction", "refund"] }).notNull(),
    reference: text("reference").notNull(),
    settlement: text("settlement", { enum: settlements }).notNull(),
    provenance: text("provenance", { enum: provenances }).notNull(),
    inputTokens: integer("input_tokens").notNull(),
    outputTokens: integer("output_tokens").notNull(),
    costUsd: text("cost_usd").notNull(),
    chargedDelta: integer("charged_delta").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    uniqueIndex("receipt_corrections_reference").on(t.receiptId, t.reference),
    // Partial; the migration has its condition.
    index("receipt_corrections_zero_cost").on(t.receiptId),
  ],
);

export const creditLedger = sqliteTable(
  "credit_ledger",
  {
    id: integer("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    amountCredits: integer("amount_credits").notNull(),
    balanceAfterCredits: integer("balance_after_credits").notNull(),
    reason: text("reason", { enum: ["top_up", "charge", "correction", "refund"] }).notNull(),
    reference: text("reference").notNull(),
    receiptId: text("receipt_id"),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    uniqueIndex("credit_ledger_reference").on(t.billingAccountId, t.reason, t.reference),
    index("credit_ledger_account").on(t.billingAccountId, t.id),
  ],
);

/** What both rollups count, by account, time, graph, model and trigger. */
const usageColumns = () => ({
  graphId: text("graph_id").notNull(),
  model: text("model").notNull(),
  trigger: text("trigger", { enum: triggers }).notNull(),
  runs: integer("runs").notNull(),
  calls: integer("calls").notNull(),
  chargedCredits: integer("charged_credits").notNull(),
  inputTokens: integer("input_tokens").notNull(),
  outputTokens: integer("output_tokens").notNull(),
});

export const usageHourly = sqliteTable(
  "usage_hourly",
  {
    billingAccountId: text("billing_account_id").notNull(),
    hour: integer("hour").notNull(),
    ...usageColumns(),
  },
  (t) => [primaryKey({ columns: [t.billingAccountId, t.hour, t.graphId, t.model, t.trigger] })],
);

export const usageDaily = sqliteTable(
  "usage_daily",
  {
    billingAccountId: text("billing_account_id").notNull(),
    day: integer("day").notNull(),
    ...usageColumns(),
  },
  (t) => [primaryKey({ columns: [t.billingAccountId, t.day, t.graphId, t.model, t.trigger] })],
);

export const schedules = sqliteTable(
  "schedules",
  {
    id: text("id").primaryKey(),
    billingAccountId: text("billing_account_id").notNull(),
    virtualKeyId: text("virtual_key_id").notNull(),
    name: text("name").notNull(),
    graphId: text("graph_id").notNull(),
    message: text("message").notNull(),
    cron: text("cron").notNull(),
    timezone: text("timezone").notNull(),
    model: text("model"),
    configurable: text("configurable", { mode: "json" })
      .$type<Record<string, unknown>>()
      .notNull()
      .default({}),
    toolIds: text("tool_ids", { mode: "json" }).$type<string[]>(),
    limits: text("limits", { mode: "json" }).$type<Record<string, number>>().notNull().default({}),
    overlap: text("overlap", { enum: ["skip", "allow", "cancel_previous"] }).notNull(),
    catchUp: text("catch_up", { enum: ["one", "none"] }).notNull(),
    enabled: integer("enabled", { mode: "boolean" }).notNull(),
    nextRunAt: integer("next_run_at"),
    pausedReason: text("paused_reason"),
    missedSlots: integer("missed_slots").notNull().default(0),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [
    index("schedules_due").on(t.enabled, t.nextRunAt),
    index("schedules_account").on(t.billingAccountId, t.createdAt, t.id),
  ],
);
