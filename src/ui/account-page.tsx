import { Field } from "./field.tsx";
import { Layout } from "./layout.tsx";

const scopeChoices = [
  { scope: "runs:write", label: "Start and stop runs" },
  { scope: "runs:read", label: "Read runs, threads and receipts" },
  { scope: "schedules:write", label: "Manage schedules" },
  { scope: "account:read", label: "Read balance and activity" },
] as const;

const capFields = [
  { name: "maxCredits", label: "Spending cap in USD (optional)" },
  { name: "maxCreditsPerDay", label: "Cap for each day, UTC (optional)" },
  { name: "maxCreditsPerMonth", label: "Cap for each month, UTC (optional)" },
] as const;

/** Balance, ledger and API keys. Filled by `client/account.ts`. */
export function AccountPage() {
  return (
    <Layout title="Account" current="account" script="account">
      <main class="sheet" id="main" tabindex={-1}>
        <div class="sheet-head">
          <div>
            <h1>Account</h1>
            <p class="quiet account-name" id="account-name">
              –
            </p>
          </div>
        </div>
        <p class="notice" id="problem" role="alert" hidden />
        <p class="visually-hidden" id="announcer" role="status" aria-live="polite" />
        <dl class="figures" id="figures" aria-busy="true">
          <div class="figure">
            <dt>Available</dt>
            <dd id="available">–</dd>
          </div>
          <div class="figure">
            <dt>Held by active runs</dt>
            <dd id="held">–</dd>
          </div>
          <div class="figure">
            <dt>Balance</dt>
            <dd id="total">–</dd>
          </div>
          <div class="figure" id="cap-day" hidden>
            <dt>
              Charged today (UTC) of <span class="cap" />
            </dt>
            <dd>–</dd>
          </div>
          <div class="figure" id="cap-month" hidden>
            <dt>
              Charged this month (UTC) of <span class="cap" />
            </dt>
            <dd>–</dd>
          </div>
        </dl>
        <section class="card" aria-labelledby="keys-title">
          <div class="card-head">
            <h2 id="keys-title">API keys</h2>
            <button
              class="button"
              id="new-key"
              type="button"
              aria-expanded="false"
              aria-controls="key-form"
            >
              New key
            </button>
          </div>
          <KeyForm />
          <div class="table-scroll" id="keys" aria-busy="true">
            <p class="quiet">Loading…</p>
          </div>
        </section>
        <section class="card" aria-labelledby="ledger-title">
          <h2 id="ledger-title">Ledger</h2>
          <div class="table-scroll" id="ledger" aria-busy="true">
            <p class="quiet">Loading…</p>
          </div>
          <button class="button" id="ledger-more" type="button" hidden>
            Load more
          </button>
        </section>
      </main>
      <SecretDialog />
    </Layout>
  );
}

function KeyForm() {
  return (
    <form class="form inset" id="key-form" hidden novalidate>
      <div class="form-grid">
        <Field id="key-label" label="Label">
          <input id="key-label" name="label" required maxlength={100} autocomplete="off" />
        </Field>
        <Field id="key-expires" label="Expires (optional)">
          <input id="key-expires" name="expires" type="date" />
        </Field>
        {capFields.map(({ name, label }) => (
          <Field id={`key-${name}`} label={label}>
            <input
              id={`key-${name}`}
              name={name}
              inputmode="decimal"
              autocomplete="off"
              placeholder="No cap"
            />
          </Field>
        ))}
      </div>
      <fieldset class="choices">
        <legend>The key may</legend>
        {scopeChoices.map(({ scope, label }) => (
          <label class="choice">
            <input type="checkbox" name="scope" value={scope} checked />
            <span>
              {label} <span class="quiet mono">{scope}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p class="form-problem" id="key-problem" role="alert" />
      <div class="actions">
        <button class="button primary" type="submit">
          Create key
        </button>
        <button class="button" id="cancel-key" type="button">
          Cancel
        </button>
      </div>
    </form>
  );
}

function SecretDialog() {
  return (
    <dialog class="dialog" id="secret-dialog" aria-labelledby="secret-title">
      <h2 id="secret-title">Your new key</h2>
      <p>Copy it now. It is shown only this once and cannot be looked up later.</p>
      <div class="secret-row">
        <code class="secret" id="secret" tabindex={0} />
        <button class="button primary" id="copy-secret" type="button">
          Copy
        </button>
      </div>
      <p class="quiet" id="copy-note" role="status" />
      <form method="dialog" class="actions">
        <button class="button">Done</button>
      </form>
    </dialog>
  );
}
