-- Caps on what an account or a key may be charged in a day and in a month, both UTC; null: no cap. An account's may be
-- changed, a key's never does, like its cap for life.
ALTER TABLE billing_accounts ADD COLUMN max_credits_per_day INTEGER
  CHECK (max_credits_per_day BETWEEN 0 AND 9007199254740991);
ALTER TABLE billing_accounts ADD COLUMN max_credits_per_month INTEGER
  CHECK (max_credits_per_month BETWEEN 0 AND 9007199254740991);
ALTER TABLE virtual_keys ADD COLUMN max_credits_per_day INTEGER
  CHECK (max_credits_per_day BETWEEN 0 AND 9007199254740991);
ALTER TABLE virtual_keys ADD COLUMN max_credits_per_month INTEGER
  CHECK (max_credits_per_month BETWEEN 0 AND 9007199254740991);

-- What owners with such a cap were charged, by the time of the receipts. Nobody else costs a row here.
CREATE TABLE spend_by_period (
  -- An account or a key.
  owner_id TEXT NOT NULL,
  -- '2026-11-25' or '2026-11'.
  period TEXT NOT NULL CHECK (length(period) IN (7, 10)),
  charged_credits INTEGER NOT NULL
    CHECK (charged_credits BETWEEN -9007199254740991 AND 9007199254740991),
  PRIMARY KEY (owner_id, period)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER receipts_spend AFTER INSERT ON charge_receipts WHEN NEW.charged_credits <> 0 BEGIN
  INSERT INTO spend_by_period (owner_id, period, charged_credits)
  SELECT o.id, strftime(f.format, NEW.created_at / 1000, 'unixepoch'), NEW.charged_credits
  FROM (
    SELECT a.id FROM billing_accounts a
    WHERE a.id = NEW.billing_account_id
      AND coalesce(a.max_credits_per_day, a.max_credits_per_month) IS NOT NULL
    UNION ALL
    SELECT k.id FROM virtual_keys k
    WHERE k.id = NEW.virtual_key_id
      AND coalesce(k.max_credits_per_day, k.max_credits_per_month) IS NOT NULL
  ) o CROSS JOIN (SELECT '%Y-%m-%d' AS format UNION ALL SELECT '%Y-%m') f
  WHERE true
  ON CONFLICT (owner_id, period) DO UPDATE SET
    charged_credits = charged_credits + excluded.charged_credits;
END;

-- A correction counts where its receipt counts, as it does on the activity page.
CREATE TRIGGER corrections_spend AFTER INSERT ON receipt_corrections WHEN NEW.charged_delta <> 0 BEGIN
  INSERT INTO spend_by_period (owner_id, period, charged_credits)
  SELECT o.id, strftime(f.format, o.called_at / 1000, 'unixepoch'), NEW.charged_delta
  FROM (
    SELECT a.id, r.created_at AS called_at
    FROM charge_receipts r JOIN billing_accounts a ON a.id = r.billing_account_id
    WHERE r.id = NEW.receipt_id
      AND coalesce(a.max_credits_per_day, a.max_credits_per_month) IS NOT NULL
    UNION ALL
    SELECT k.id, r.created_at
    FROM charge_receipts r JOIN virtual_keys k ON k.id = r.virtual_key_id
    WHERE r.id = NEW.receipt_id
      AND coalesce(k.max_credits_per_day, k.max_credits_per_month) IS NOT NULL
  ) o CROSS JOIN (SELECT '%Y-%m-%d' AS format UNION ALL SELECT '%Y-%m') f
  WHERE true
  ON CONFLICT (owner_id, period) DO UPDATE SET
    charged_credits = charged_credits + excluded.charged_credits;
END;

-- An account that gets its first cap has been charged before: the daily rollup knows what, to the credit.
CREATE TRIGGER accounts_capped
AFTER UPDATE OF max_credits_per_day, max_credits_per_month ON billing_accounts
WHEN coalesce(NEW.max_credits_per_day, NEW.max_credits_per_month) IS NOT NULL
  AND coalesce(OLD.max_credits_per_day, OLD.max_credits_per_month) IS NULL
BEGIN
  DELETE FROM spend_by_period WHERE owner_id = NEW.id;
  INSERT INTO spend_by_period (owner_id, period, charged_credits)
  SELECT NEW.id, strftime(f.format, u.day * 86400, 'unixepoch') AS period, sum(u.charged_credits)
  FROM usage_daily u CROSS JOIN (SELECT '%Y-%m-%d' AS format UNION ALL SELECT '%Y-%m') f
  WHERE u.billing_account_id = NEW.id
  GROUP BY period;
END;

CREATE TRIGGER keys_caps_fixed
BEFORE UPDATE OF max_credits_per_day, max_credits_per_month ON virtual_keys
BEGIN
  SELECT RAISE(ABORT, 'key_identity_is_fixed');
END;

-- Holds are now counted for keys with any cap. See 0002_triggers.sql.
DROP TRIGGER runs_hold_insert;
CREATE TRIGGER runs_hold_insert AFTER INSERT ON graph_runs WHEN NEW.lease_open = 1 BEGIN
  UPDATE billing_accounts
  SET held_credits = held_credits + NEW.held_credits, active_runs = active_runs + 1
  WHERE id = NEW.billing_account_id;
  UPDATE virtual_keys SET held_credits = held_credits + NEW.held_credits
  WHERE id = NEW.virtual_key_id
    AND coalesce(max_credits, max_credits_per_day, max_credits_per_month) IS NOT NULL;
END;

DROP TRIGGER runs_hold_update;
CREATE TRIGGER runs_hold_update AFTER UPDATE ON graph_runs
WHEN NEW.held_credits <> OLD.held_credits OR NEW.lease_open <> OLD.lease_open
BEGIN
  UPDATE billing_accounts
  SET held_credits = held_credits + NEW.held_credits - OLD.held_credits,
    active_runs = active_runs + NEW.lease_open - OLD.lease_open
  WHERE id = NEW.billing_account_id;
  UPDATE virtual_keys SET held_credits = held_credits + NEW.held_credits - OLD.held_credits
  WHERE id = NEW.virtual_key_id
    AND coalesce(max_credits, max_credits_per_day, max_credits_per_month) IS NOT NULL;
END;
