-- Written by hand: STRICT, WITHOUT ROWID, CHECK, partial indexes and generated columns are beyond what drizzle-kit
-- writes, and its table rebuilds would drop triggers. src/db/schema.ts describes the same tables for queries.
-- Units: money in credits (10,000,000 = 1 USD), times in milliseconds since the epoch. 9007199254740991 is the largest
-- integer that JavaScript holds exactly.

CREATE TABLE billing_accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  balance_credits INTEGER NOT NULL DEFAULT 0
    CHECK (balance_credits BETWEEN -9007199254740991 AND 9007199254740991),
  -- Sum of the holds of this account's runs; what a run may reserve is balance_credits - held_credits.
  held_credits INTEGER NOT NULL DEFAULT 0 CHECK (held_credits BETWEEN 0 AND 9007199254740991),
  -- Runs whose lease is open.
  active_runs INTEGER NOT NULL DEFAULT 0 CHECK (active_runs >= 0),
  created_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE virtual_keys (
  id TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  -- null: the account's default key, which no secret opens.
  secret_hmac TEXT,
  scopes TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
  max_credits INTEGER CHECK (max_credits BETWEEN 0 AND 9007199254740991),
  -- Both are kept for capped keys only (max_credits is fixed): an uncapped key costs no write.
  charged_credits INTEGER NOT NULL DEFAULT 0
    CHECK (charged_credits BETWEEN -9007199254740991 AND 9007199254740991),
  held_credits INTEGER NOT NULL DEFAULT 0 CHECK (held_credits BETWEEN 0 AND 9007199254740991),
  expires_at INTEGER,
  revoked_at INTEGER,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX virtual_keys_default ON virtual_keys (billing_account_id) WHERE is_default = 1;
CREATE INDEX virtual_keys_account ON virtual_keys (billing_account_id, id);

CREATE TABLE access_identities (
  subject TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  email TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE threads (
  id TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  title TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Of the latest run that no schedule started; 'schedule' where there is none.
  trigger TEXT NOT NULL CHECK (trigger IN ('chat', 'schedule', 'api', 'webhook'))
) STRICT, WITHOUT ROWID;
-- A schedule makes a thread a run. With them apart, a page of the others is read without passing over these.
CREATE INDEX threads_account ON threads (billing_account_id, (trigger = 'schedule'), updated_at, id);

-- Stored in the order of reading, so that a message is one row written. A run's created_at lies after the last message
-- of its thread, and ids sort within a run: user messages first, in the order given, then answers by attempt.
CREATE TABLE messages (
  thread_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
  content TEXT NOT NULL,
  PRIMARY KEY (thread_id, created_at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE graph_runs (
  id TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  virtual_key_id TEXT NOT NULL,
  -- null only for a skipped slot.
  thread_id TEXT,
  graph_id TEXT NOT NULL,
  model TEXT NOT NULL,
  trigger TEXT NOT NULL CHECK (trigger IN ('chat', 'schedule', 'api', 'webhook')),
  schedule_id TEXT,
  scheduled_for INTEGER,
  request_id TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('pending', 'running', 'interrupted', 'success', 'error', 'cancelled', 'skipped')),
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  -- Counts the RunObject's writes of this row: admission is 1, each later batch carries the next number, and its
  -- repeats carry the same one. A write that is late therefore changes nothing.
  rev INTEGER NOT NULL DEFAULT 1,
  error_code TEXT,
  error_message TEXT,
  output TEXT,
  -- JSON, written with the end: where each dispatch of the run went.
  books TEXT CHECK (books IS NULL OR json_valid(books)),
  -- The next four are moved by receipts and corrections only.
  call_count INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  charged_credits INTEGER NOT NULL DEFAULT 0,
  lease_credits INTEGER NOT NULL CHECK (lease_credits BETWEEN 0 AND 9007199254740991),
  lease_open INTEGER NOT NULL CHECK (lease_open IN (0, 1)),
  -- A charge lowers the hold by itself, so that the same credits never count twice against what is available.
  held_credits INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE lease_open WHEN 1 THEN max(0, lease_credits - charged_credits) ELSE 0 END) STORED,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX graph_runs_account ON graph_runs (billing_account_id, created_at, id);
CREATE INDEX graph_runs_active ON graph_runs (thread_id)
  WHERE status IN ('pending', 'running', 'interrupted');
CREATE INDEX graph_runs_finished ON graph_runs (billing_account_id, finished_at)
  WHERE finished_at IS NOT NULL;
CREATE INDEX graph_runs_schedule_active ON graph_runs (schedule_id, status)
  WHERE schedule_id IS NOT NULL AND status IN ('pending', 'running', 'interrupted');
CREATE INDEX graph_runs_schedule ON graph_runs (schedule_id, created_at, id)
  WHERE schedule_id IS NOT NULL;

CREATE TABLE charge_receipts (
  id TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  virtual_key_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt >= 0),
  request_id TEXT NOT NULL,
  source_system TEXT NOT NULL CHECK (source_system IN
    ('litellm', 'openai', 'openrouter', 'ai_gateway', 'ollama', 'anthropic_sdk', 'demo', 'external')),
  source_reference TEXT NOT NULL
    CHECK (source_reference = run_id || '/' || attempt || '/' || usage_unit_id),
  usage_unit_id TEXT NOT NULL CHECK (length(usage_unit_id) > 0),
  provider_call_id TEXT,
  graph_id TEXT NOT NULL,
  executor_type TEXT NOT NULL
    CHECK (executor_type IN ('inproc', 'langgraph_server', 'claude_sdk', 'n8n', 'sandbox')),
  trigger TEXT NOT NULL CHECK (trigger IN ('chat', 'schedule', 'api', 'webhook')),
  receipt_kind TEXT NOT NULL CHECK (receipt_kind = 'llm'),
  provenance TEXT NOT NULL CHECK (provenance IN
    ('header', 'usage', 'price_table', 'gateway_log', 'estimate', 'reported')),
  settlement TEXT NOT NULL CHECK (settlement IN ('final', 'estimated', 'unknown')),
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  served_model TEXT,
  input_tokens INTEGER NOT NULL CHECK (input_tokens BETWEEN 0 AND 9007199254740991),
  output_tokens INTEGER NOT NULL CHECK (output_tokens BETWEEN 0 AND 9007199254740991),
  cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens BETWEEN 0 AND 9007199254740991),
  cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens BETWEEN 0 AND 9007199254740991),
  reasoning_tokens INTEGER NOT NULL CHECK (reasoning_tokens BETWEEN 0 AND 9007199254740991),
  cost_usd TEXT NOT NULL CHECK (length(cost_usd) BETWEEN 1 AND 40 AND cost_usd GLOB '[0-9]*'
    AND cost_usd NOT GLOB '*[^0-9.]*' AND cost_usd NOT GLOB '*.*.*' AND cost_usd NOT GLOB '*.'),
  charged_credits INTEGER NOT NULL CHECK (charged_credits BETWEEN 0 AND 9007199254740991
    AND (settlement <> 'unknown' OR charged_credits = 0)),
  price_version TEXT NOT NULL,
  content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
  -- What the upstream said of its usage, word for word, as evidence; null where it said nothing or too much.
  usage_raw TEXT CHECK (usage_raw IS NULL OR json_valid(usage_raw)),
  created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX charge_receipts_reference ON charge_receipts (source_system, source_reference);
CREATE UNIQUE INDEX charge_receipts_call ON charge_receipts (source_system, provider_call_id)
  WHERE provider_call_id IS NOT NULL;
CREATE INDEX charge_receipts_run ON charge_receipts (run_id, attempt);
CREATE INDEX charge_receipts_request ON charge_receipts (request_id);
CREATE INDEX charge_receipts_account ON charge_receipts (billing_account_id, created_at, id);

-- Counts and cost are absolute: what is true from this correction on. charged_delta is what the charge changes by.
CREATE TABLE receipt_corrections (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  receipt_id TEXT NOT NULL,
  billing_account_id TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('correction', 'refund')),
  reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 255),
  settlement TEXT NOT NULL CHECK (settlement IN ('final', 'estimated', 'unknown')),
  provenance TEXT NOT NULL CHECK (provenance IN
    ('header', 'usage', 'price_table', 'gateway_log', 'estimate', 'reported')),
  input_tokens INTEGER NOT NULL CHECK (input_tokens BETWEEN 0 AND 9007199254740991),
  output_tokens INTEGER NOT NULL CHECK (output_tokens BETWEEN 0 AND 9007199254740991),
  cost_usd TEXT NOT NULL CHECK (length(cost_usd) BETWEEN 1 AND 40 AND cost_usd GLOB '[0-9]*'
    AND cost_usd NOT GLOB '*[^0-9.]*' AND cost_usd NOT GLOB '*.*.*' AND cost_usd NOT GLOB '*.'),
  charged_delta INTEGER NOT NULL CHECK (charged_delta BETWEEN -9007199254740991 AND 9007199254740991),
  created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;
CREATE UNIQUE INDEX receipt_corrections_reference ON receipt_corrections (receipt_id, reference);

CREATE TABLE credit_ledger (
  -- Above 0: while a BEFORE trigger runs, an id that is not given yet reads as -1.
  id INTEGER PRIMARY KEY CHECK (id > 0),
  billing_account_id TEXT NOT NULL,
  amount_credits INTEGER NOT NULL
    CHECK (amount_credits BETWEEN -9007199254740991 AND 9007199254740991),
  balance_after_credits INTEGER NOT NULL
    CHECK (balance_after_credits BETWEEN -9007199254740991 AND 9007199254740991),
  reason TEXT NOT NULL CHECK (reason IN ('top_up', 'charge', 'correction', 'refund')),
  reference TEXT NOT NULL CHECK (length(reference) > 0),
  receipt_id TEXT,
  created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;
CREATE UNIQUE INDEX credit_ledger_reference ON credit_ledger (billing_account_id, reason, reference);
CREATE INDEX credit_ledger_account ON credit_ledger (billing_account_id, id);

-- hour = created_at / 3,600,000; a run is counted in the hour of its end.
CREATE TABLE usage_hourly (
  billing_account_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  graph_id TEXT NOT NULL,
  model TEXT NOT NULL,
  trigger TEXT NOT NULL,
  runs INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  charged_credits INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (billing_account_id, hour, graph_id, model, trigger)
) STRICT, WITHOUT ROWID;

-- day = created_at / 86,400,000, UTC.
CREATE TABLE usage_daily (
  billing_account_id TEXT NOT NULL,
  day INTEGER NOT NULL,
  graph_id TEXT NOT NULL,
  model TEXT NOT NULL,
  trigger TEXT NOT NULL,
  runs INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  charged_credits INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (billing_account_id, day, graph_id, model, trigger)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  billing_account_id TEXT NOT NULL,
  virtual_key_id TEXT NOT NULL,
  name TEXT NOT NULL,
  graph_id TEXT NOT NULL,
  message TEXT NOT NULL,
  cron TEXT NOT NULL,
  timezone TEXT NOT NULL,
  model TEXT,
  configurable TEXT NOT NULL DEFAULT '{}' CHECK (json_type(configurable) = 'object'),
  tool_ids TEXT CHECK (tool_ids IS NULL OR json_type(tool_ids) = 'array'),
  limits TEXT NOT NULL DEFAULT '{}' CHECK (json_type(limits) = 'object'),
  overlap TEXT NOT NULL CHECK (overlap IN ('skip', 'allow', 'cancel_previous')),
  catch_up TEXT NOT NULL CHECK (catch_up IN ('one', 'none')),
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  next_run_at INTEGER,
  paused_reason TEXT,
  missed_slots INTEGER NOT NULL DEFAULT 0 CHECK (missed_slots >= 0),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_due ON schedules (enabled, next_run_at);
CREATE INDEX schedules_account ON schedules (billing_account_id, created_at, id);
