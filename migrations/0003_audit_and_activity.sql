-- Indexes of two readers: the activity page and the audit.

-- A page of activity is one walk for every choice of filters, however few receipts it matches. Where no trigger is asked
-- for, the four walks of its four values are merged; so these four serve all seven choices.
CREATE INDEX charge_receipts_trigger
  ON charge_receipts (billing_account_id, trigger, created_at, id);
CREATE INDEX charge_receipts_graph
  ON charge_receipts (billing_account_id, graph_id, trigger, created_at, id);
CREATE INDEX charge_receipts_model
  ON charge_receipts (billing_account_id, model, trigger, created_at, id);
CREATE INDEX charge_receipts_graph_model
  ON charge_receipts (billing_account_id, graph_id, model, trigger, created_at, id);

-- What the audit asks for is rare, so these hold next to nothing and an ordinary receipt pays for none of them.
CREATE INDEX charge_receipts_unknown ON charge_receipts (created_at, id)
  WHERE settlement = 'unknown';
CREATE INDEX charge_receipts_zero_cost ON charge_receipts (model, id)
  WHERE cost_usd NOT GLOB '*[1-9]*' AND input_tokens + output_tokens > 0;
CREATE INDEX charge_receipts_unnamed ON charge_receipts (id)
  WHERE usage_unit_id GLOB 'MISSING:*' OR usage_unit_id GLOB '*#[0-9]*'
    OR (usage_unit_id GLOB 'dispatch:*' AND settlement = 'final');
CREATE INDEX receipt_corrections_zero_cost ON receipt_corrections (receipt_id)
  WHERE cost_usd NOT GLOB '*[1-9]*' AND input_tokens + output_tokens > 0;

-- When a run was let in again, after an answer or as a retry; null before. By the database's own clock, so that whoever
-- opens a lease cannot forget it: how long a run has been under way is not told by its creation.
ALTER TABLE graph_runs ADD COLUMN reopened_at INTEGER;
CREATE TRIGGER runs_reopened AFTER UPDATE OF lease_open ON graph_runs
WHEN NEW.lease_open = 1 AND OLD.lease_open = 0
BEGIN
  UPDATE graph_runs SET reopened_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE id = NEW.id;
END;
