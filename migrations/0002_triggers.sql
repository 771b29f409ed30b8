-- The rules of the ledger live here, where no caller can go around them. Messages in RAISE(ABORT, ...) are names that
-- src/billing knows; RAISE(IGNORE) drops the row and lets the rest of the batch go on, which is what makes a repeated
-- batch harmless. Every BEFORE INSERT guard also stops INSERT OR REPLACE, whose deletes fire no delete trigger.

-- Accounts

CREATE TRIGGER accounts_guard BEFORE INSERT ON billing_accounts
WHEN EXISTS (SELECT 1 FROM billing_accounts a WHERE a.id = NEW.id)
BEGIN
  SELECT RAISE(IGNORE);
END;

CREATE TRIGGER accounts_start BEFORE INSERT ON billing_accounts
WHEN NEW.balance_credits <> 0 OR NEW.held_credits <> 0 OR NEW.active_runs <> 0
BEGIN
  SELECT RAISE(ABORT, 'account_starts_empty');
END;

CREATE TRIGGER accounts_fixed BEFORE UPDATE OF id ON billing_accounts BEGIN
  SELECT RAISE(ABORT, 'account_identity_is_fixed');
END;

-- A balance is what the newest ledger entry says; nothing else can be written there.
CREATE TRIGGER accounts_balance BEFORE UPDATE OF balance_credits ON billing_accounts
WHEN NEW.balance_credits IS NOT (
  SELECT e.balance_after_credits FROM credit_ledger e
  WHERE e.billing_account_id = NEW.id ORDER BY e.id DESC LIMIT 1)
BEGIN
  SELECT RAISE(ABORT, 'balance_moves_by_entries');
END;

CREATE TRIGGER accounts_no_delete BEFORE DELETE ON billing_accounts BEGIN
  SELECT RAISE(ABORT, 'accounts_are_kept');
END;

-- Keys: revoked, never deleted; a cap never changes, because only capped keys are counted.

CREATE TRIGGER keys_guard BEFORE INSERT ON virtual_keys
WHEN EXISTS (SELECT 1 FROM virtual_keys k WHERE k.id = NEW.id)
  OR (NEW.is_default = 1 AND EXISTS (
    SELECT 1 FROM virtual_keys k WHERE k.billing_account_id = NEW.billing_account_id AND k.is_default = 1))
BEGIN
  SELECT RAISE(IGNORE);
END;

CREATE TRIGGER keys_start BEFORE INSERT ON virtual_keys
WHEN NEW.charged_credits <> 0 OR NEW.held_credits <> 0
BEGIN
  SELECT RAISE(ABORT, 'key_starts_empty');
END;

CREATE TRIGGER keys_fixed BEFORE UPDATE OF id, billing_account_id, max_credits, is_default ON virtual_keys
BEGIN
  SELECT RAISE(ABORT, 'key_identity_is_fixed');
END;

CREATE TRIGGER keys_no_delete BEFORE DELETE ON virtual_keys BEGIN
  SELECT RAISE(ABORT, 'keys_are_kept');
END;

-- Runs. The two hold triggers are all that ever moves held_credits and active_runs.

CREATE TRIGGER runs_guard BEFORE INSERT ON graph_runs
WHEN EXISTS (SELECT 1 FROM graph_runs r WHERE r.id = NEW.id)
BEGIN
  SELECT RAISE(IGNORE);
END;

-- Totals come from receipts; a row that is born with some would never agree with them.
CREATE TRIGGER runs_start BEFORE INSERT ON graph_runs
WHEN NEW.charged_credits <> 0 OR NEW.call_count <> 0 OR NEW.input_tokens <> 0 OR NEW.output_tokens <> 0
BEGIN
  SELECT RAISE(ABORT, 'run_starts_empty');
END;

CREATE TRIGGER runs_hold_insert AFTER INSERT ON graph_runs WHEN NEW.lease_open = 1 BEGIN
  UPDATE billing_accounts
  SET held_credits = held_credits + NEW.held_credits, active_runs = active_runs + 1
  WHERE id = NEW.billing_account_id;
  UPDATE virtual_keys SET held_credits = held_credits + NEW.held_credits
  WHERE id = NEW.virtual_key_id AND max_credits IS NOT NULL;
END;

CREATE TRIGGER runs_hold_update AFTER UPDATE ON graph_runs
WHEN NEW.held_credits <> OLD.held_credits OR NEW.lease_open <> OLD.lease_open
BEGIN
  UPDATE billing_accounts
  SET held_credits = held_credits + NEW.held_credits - OLD.held_credits,
    active_runs = active_runs + NEW.lease_open - OLD.lease_open
  WHERE id = NEW.billing_account_id;
  UPDATE virtual_keys SET held_credits = held_credits + NEW.held_credits - OLD.held_credits
  WHERE id = NEW.virtual_key_id AND max_credits IS NOT NULL;
END;

-- A run is counted once, at the end of its first attempt: a retry is the same run.
CREATE TRIGGER runs_count AFTER UPDATE OF status ON graph_runs
WHEN NEW.attempt = 0 AND NEW.finished_at IS NOT NULL
  AND NEW.status IN ('success', 'error', 'cancelled')
  AND OLD.status NOT IN ('success', 'error', 'cancelled')
BEGIN
  INSERT INTO usage_hourly (billing_account_id, hour, graph_id, model, trigger,
    runs, calls, charged_credits, input_tokens, output_tokens)
  VALUES (NEW.billing_account_id, NEW.finished_at / 3600000, NEW.graph_id, NEW.model, NEW.trigger,
    1, 0, 0, 0, 0)
  ON CONFLICT (billing_account_id, hour, graph_id, model, trigger) DO UPDATE SET runs = runs + 1;
  INSERT INTO usage_daily (billing_account_id, day, graph_id, model, trigger,
    runs, calls, charged_credits, input_tokens, output_tokens)
  VALUES (NEW.billing_account_id, NEW.finished_at / 86400000, NEW.graph_id, NEW.model, NEW.trigger,
    1, 0, 0, 0, 0)
  ON CONFLICT (billing_account_id, day, graph_id, model, trigger) DO UPDATE SET runs = runs + 1;
END;

CREATE TRIGGER runs_fixed
BEFORE UPDATE OF id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_hash, created_at
ON graph_runs
BEGIN
  SELECT RAISE(ABORT, 'run_identity_is_fixed');
END;

CREATE TRIGGER runs_no_delete BEFORE DELETE ON graph_runs BEGIN
  SELECT RAISE(ABORT, 'runs_are_kept');
END;

-- Receipts. One INSERT is the whole charge.

CREATE TRIGGER receipts_guard BEFORE INSERT ON charge_receipts
WHEN EXISTS (SELECT 1 FROM charge_receipts r WHERE r.id = NEW.id)
  OR EXISTS (
    SELECT 1 FROM charge_receipts r
    WHERE r.source_system = NEW.source_system AND r.source_reference = NEW.source_reference)
  OR EXISTS (
    SELECT 1 FROM charge_receipts r
    WHERE r.source_system = NEW.source_system AND r.provider_call_id = NEW.provider_call_id
      AND r.provider_call_id IS NOT NULL)
BEGIN
  SELECT RAISE(IGNORE) WHERE EXISTS (
    SELECT 1 FROM charge_receipts r
    WHERE r.id = NEW.id AND r.source_system = NEW.source_system
      AND r.source_reference = NEW.source_reference
      AND r.provider_call_id IS NEW.provider_call_id
      AND r.charged_credits = NEW.charged_credits AND r.content_hash = NEW.content_hash);
  SELECT RAISE(ABORT, 'receipt_conflict');
END;

CREATE TRIGGER receipts_owner BEFORE INSERT ON charge_receipts
WHEN NOT EXISTS (
  SELECT 1 FROM graph_runs r
  WHERE r.id = NEW.run_id AND r.billing_account_id = NEW.billing_account_id
    AND r.virtual_key_id = NEW.virtual_key_id AND r.graph_id = NEW.graph_id
    AND r.trigger = NEW.trigger AND r.attempt >= NEW.attempt)
BEGIN
  SELECT RAISE(ABORT, 'receipt_without_run');
END;

CREATE TRIGGER receipts_post AFTER INSERT ON charge_receipts BEGIN
  INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason,
    reference, receipt_id, created_at)
  SELECT a.id, -NEW.charged_credits, a.balance_credits - NEW.charged_credits, 'charge',
    NEW.source_system || ':' || NEW.source_reference, NEW.id, NEW.created_at
  FROM billing_accounts a WHERE a.id = NEW.billing_account_id;
  UPDATE graph_runs
  SET charged_credits = charged_credits + NEW.charged_credits, call_count = call_count + 1,
    input_tokens = input_tokens + NEW.input_tokens, output_tokens = output_tokens + NEW.output_tokens
  WHERE id = NEW.run_id;
  UPDATE virtual_keys SET charged_credits = charged_credits + NEW.charged_credits
  WHERE id = NEW.virtual_key_id AND max_credits IS NOT NULL;
  INSERT INTO usage_hourly (billing_account_id, hour, graph_id, model, trigger,
    runs, calls, charged_credits, input_tokens, output_tokens)
  VALUES (NEW.billing_account_id, NEW.created_at / 3600000, NEW.graph_id, NEW.model, NEW.trigger,
    0, 1, NEW.charged_credits, NEW.input_tokens, NEW.output_tokens)
  ON CONFLICT (billing_account_id, hour, graph_id, model, trigger) DO UPDATE SET
    calls = calls + 1,
    charged_credits = charged_credits + excluded.charged_credits,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens;
  INSERT INTO usage_daily (billing_account_id, day, graph_id, model, trigger,
    runs, calls, charged_credits, input_tokens, output_tokens)
  VALUES (NEW.billing_account_id, NEW.created_at / 86400000, NEW.graph_id, NEW.model, NEW.trigger,
    0, 1, NEW.charged_credits, NEW.input_tokens, NEW.output_tokens)
  ON CONFLICT (billing_account_id, day, graph_id, model, trigger) DO UPDATE SET
    calls = calls + 1,
    charged_credits = charged_credits + excluded.charged_credits,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens;
END;

CREATE TRIGGER receipts_no_update BEFORE UPDATE ON charge_receipts BEGIN
  SELECT RAISE(ABORT, 'receipts_are_immutable');
END;

CREATE TRIGGER receipts_no_delete BEFORE DELETE ON charge_receipts BEGIN
  SELECT RAISE(ABORT, 'receipts_are_immutable');
END;

-- Corrections. One INSERT moves entry, balance, run, key and rollups by the difference to what was effective before.

CREATE TRIGGER corrections_guard BEFORE INSERT ON receipt_corrections
WHEN EXISTS (SELECT 1 FROM receipt_corrections c WHERE c.id = NEW.id)
  OR EXISTS (
    SELECT 1 FROM receipt_corrections c
    WHERE c.receipt_id = NEW.receipt_id AND c.reference = NEW.reference)
BEGIN
  SELECT RAISE(IGNORE) WHERE EXISTS (
    SELECT 1 FROM receipt_corrections c
    WHERE c.receipt_id = NEW.receipt_id AND c.reference = NEW.reference
      AND c.billing_account_id = NEW.billing_account_id AND c.reason = NEW.reason
      AND c.settlement = NEW.settlement AND c.provenance = NEW.provenance
      AND c.input_tokens = NEW.input_tokens AND c.output_tokens = NEW.output_tokens
      AND c.cost_usd = NEW.cost_usd AND c.charged_delta = NEW.charged_delta);
  SELECT RAISE(ABORT, 'correction_conflict');
END;

-- Nobody is ever given back more than was charged. SQLite promises no order among BEFORE triggers, so a repeat must
-- pass here too: the sum leaves out the row that the guard is about to recognise.
CREATE TRIGGER corrections_owner BEFORE INSERT ON receipt_corrections
WHEN NOT EXISTS (
  SELECT 1 FROM charge_receipts r
  WHERE r.id = NEW.receipt_id AND r.billing_account_id = NEW.billing_account_id
    AND r.charged_credits + NEW.charged_delta + (
      SELECT coalesce(sum(c.charged_delta), 0) FROM receipt_corrections c
      WHERE c.receipt_id = r.id AND c.reference <> NEW.reference
    ) BETWEEN 0 AND 9007199254740991)
BEGIN
  SELECT RAISE(ABORT, 'correction_without_charge');
END;

CREATE TRIGGER corrections_post AFTER INSERT ON receipt_corrections BEGIN
  INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason,
    reference, receipt_id, created_at)
  SELECT a.id, -NEW.charged_delta, a.balance_credits - NEW.charged_delta, NEW.reason,
    NEW.reference, NEW.receipt_id, NEW.created_at
  FROM billing_accounts a WHERE a.id = NEW.billing_account_id;
  -- The row just before this one, or the receipt itself, is what was effective until now.
  UPDATE graph_runs
  SET charged_credits = charged_credits + NEW.charged_delta,
    input_tokens = graph_runs.input_tokens + NEW.input_tokens - e.input_tokens,
    output_tokens = graph_runs.output_tokens + NEW.output_tokens - e.output_tokens
  FROM (
    SELECT r.run_id, coalesce(c.input_tokens, r.input_tokens) AS input_tokens,
      coalesce(c.output_tokens, r.output_tokens) AS output_tokens
    FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
      SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id AND p.id <> NEW.id)
    WHERE r.id = NEW.receipt_id) AS e
  WHERE graph_runs.id = e.run_id;
  UPDATE virtual_keys SET charged_credits = charged_credits + NEW.charged_delta
  WHERE max_credits IS NOT NULL
    AND id = (SELECT r.virtual_key_id FROM charge_receipts r WHERE r.id = NEW.receipt_id);
  UPDATE usage_hourly
  SET charged_credits = charged_credits + NEW.charged_delta,
    input_tokens = usage_hourly.input_tokens + NEW.input_tokens - e.input_tokens,
    output_tokens = usage_hourly.output_tokens + NEW.output_tokens - e.output_tokens
  FROM (
    SELECT r.billing_account_id, r.created_at / 3600000 AS hour, r.graph_id, r.model, r.trigger,
      coalesce(c.input_tokens, r.input_tokens) AS input_tokens,
      coalesce(c.output_tokens, r.output_tokens) AS output_tokens
    FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
      SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id AND p.id <> NEW.id)
    WHERE r.id = NEW.receipt_id) AS e
  WHERE usage_hourly.billing_account_id = e.billing_account_id AND usage_hourly.hour = e.hour
    AND usage_hourly.graph_id = e.graph_id AND usage_hourly.model = e.model
    AND usage_hourly.trigger = e.trigger;
  UPDATE usage_daily
  SET charged_credits = charged_credits + NEW.charged_delta,
    input_tokens = usage_daily.input_tokens + NEW.input_tokens - e.input_tokens,
    output_tokens = usage_daily.output_tokens + NEW.output_tokens - e.output_tokens
  FROM (
    SELECT r.billing_account_id, r.created_at / 86400000 AS day, r.graph_id, r.model, r.trigger,
      coalesce(c.input_tokens, r.input_tokens) AS input_tokens,
      coalesce(c.output_tokens, r.output_tokens) AS output_tokens
    FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
      SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id AND p.id <> NEW.id)
    WHERE r.id = NEW.receipt_id) AS e
  WHERE usage_daily.billing_account_id = e.billing_account_id AND usage_daily.day = e.day
    AND usage_daily.graph_id = e.graph_id AND usage_daily.model = e.model
    AND usage_daily.trigger = e.trigger;
END;

CREATE TRIGGER corrections_no_update BEFORE UPDATE ON receipt_corrections BEGIN
  SELECT RAISE(ABORT, 'corrections_are_immutable');
END;

CREATE TRIGGER corrections_no_delete BEFORE DELETE ON receipt_corrections BEGIN
  SELECT RAISE(ABORT, 'corrections_are_immutable');
END;

-- Ledger. An entry is the only thing that moves a balance, and a charge needs its receipt.

CREATE TRIGGER ledger_guard BEFORE INSERT ON credit_ledger
WHEN EXISTS (
    SELECT 1 FROM credit_ledger e
    WHERE e.billing_account_id = NEW.billing_account_id AND e.reason = NEW.reason
      AND e.reference = NEW.reference)
  OR EXISTS (SELECT 1 FROM credit_ledger e WHERE e.id = NEW.id)
BEGIN
  SELECT RAISE(IGNORE) WHERE EXISTS (
    SELECT 1 FROM credit_ledger e
    WHERE e.billing_account_id = NEW.billing_account_id AND e.reason = NEW.reason
      AND e.reference = NEW.reference AND e.amount_credits = NEW.amount_credits
      AND e.receipt_id IS NEW.receipt_id);
  SELECT RAISE(ABORT, 'ledger_conflict');
END;

CREATE TRIGGER ledger_cause BEFORE INSERT ON credit_ledger
WHEN (NEW.reason = 'charge' AND NOT EXISTS (
    SELECT 1 FROM charge_receipts r
    WHERE r.id = NEW.receipt_id AND r.billing_account_id = NEW.billing_account_id
      AND r.charged_credits = -NEW.amount_credits
      AND r.source_system || ':' || r.source_reference = NEW.reference))
  OR (NEW.reason <> 'charge' AND NEW.receipt_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM receipt_corrections c
    WHERE c.receipt_id = NEW.receipt_id AND c.reference = NEW.reference
      AND c.billing_account_id = NEW.billing_account_id AND c.reason = NEW.reason
      AND c.charged_delta = -NEW.amount_credits))
BEGIN
  SELECT RAISE(ABORT, 'entry_without_cause');
END;

CREATE TRIGGER ledger_checks BEFORE INSERT ON credit_ledger
WHEN NOT EXISTS (
  SELECT 1 FROM billing_accounts a
  WHERE a.id = NEW.billing_account_id
    AND a.balance_credits + NEW.amount_credits = NEW.balance_after_credits)
BEGIN
  SELECT RAISE(ABORT, 'ledger_unbalanced');
END;

CREATE TRIGGER ledger_post AFTER INSERT ON credit_ledger BEGIN
  UPDATE billing_accounts SET balance_credits = NEW.balance_after_credits
  WHERE id = NEW.billing_account_id;
END;

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON credit_ledger BEGIN
  SELECT RAISE(ABORT, 'ledger_is_append_only');
END;

CREATE TRIGGER ledger_no_delete BEFORE DELETE ON credit_ledger BEGIN
  SELECT RAISE(ABORT, 'ledger_is_append_only');
END;
