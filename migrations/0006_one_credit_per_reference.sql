-- A credit's reference stands for one credit of its account, whatever its reason. What charges are called is apart: nobody
-- chooses it. Not a unique index: a database of before may hold one reference under two reasons. Such entries stay, and
-- the repeat of either is left to `ledger_guard`, which sees to the same reason.
CREATE TRIGGER ledger_one_credit BEFORE INSERT ON credit_ledger
WHEN NEW.reason <> 'charge'
  AND EXISTS (
    SELECT 1 FROM credit_ledger e
    WHERE e.billing_account_id = NEW.billing_account_id
      AND e.reason IN ('top_up', 'correction', 'refund') AND e.reference = NEW.reference)
  AND NOT EXISTS (
    SELECT 1 FROM credit_ledger e
    WHERE e.billing_account_id = NEW.billing_account_id AND e.reason = NEW.reason
      AND e.reference = NEW.reference)
BEGIN
  SELECT RAISE(ABORT, 'ledger_conflict');
END;
