-- 1 while the gateway's own log may still change what a run was charged. Set with the run's end, taken back by the look
-- that has seen everything; the cron looks after runs whose RunObject has stopped looking.
ALTER TABLE graph_runs ADD COLUMN reconciling INTEGER NOT NULL DEFAULT 0 CHECK (reconciling IN (0, 1));

-- Holds next to nothing: an ordinary run's receipts are final at its end.
CREATE INDEX graph_runs_reconciling ON graph_runs (id) WHERE reconciling = 1;

-- Runs that ended before this was kept and have receipts that the gateway's log can still tell something of.
UPDATE graph_runs SET reconciling = 1
WHERE status IN ('success', 'error', 'cancelled') AND id IN (
  SELECT r.run_id FROM charge_receipts r
  WHERE r.source_system = 'litellm' AND r.settlement <> 'final' AND NOT EXISTS (
    SELECT 1 FROM receipt_corrections c WHERE c.receipt_id = r.id AND c.settlement = 'final'));
