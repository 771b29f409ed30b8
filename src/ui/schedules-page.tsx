import { Field } from "./field.tsx";
import { Layout } from "./layout.tsx";

/** Scheduled runs: the list and a form with a preview of the next times. Filled by `client/schedules.ts`. */
export function SchedulesPage() {
  return (
    <Layout title="Schedules" current="schedules" script="schedules">
      <main class="sheet" id="main" tabindex={-1}>
        <div class="sheet-head">
          <h1>Schedules</h1>
          <div class="head-notice">
            <p class="notice" id="problem" role="alert" hidden />
            <p class="notice good-notice" id="note" role="status" aria-live="polite" />
          </div>
          <button
            class="button primary"
            id="new-schedule"
            type="button"
            aria-expanded="false"
            aria-controls="schedule-form"
          >
            New schedule
          </button>
        </div>
        <ScheduleForm />
        <section aria-label="Your schedules">
          <div id="schedules" aria-busy="true">
            <p class="quiet">Loading…</p>
          </div>
          <button class="button" id="schedules-more" type="button" hidden>
            Load more
          </button>
        </section>
      </main>
    </Layout>
  );
}

function ScheduleForm() {
  return (
    <form class="card form" id="schedule-form" aria-labelledby="form-title" hidden novalidate>
      <h2 id="form-title">New schedule</h2>
      <div class="form-grid">
        <Field id="schedule-name" label="Name">
          <input id="schedule-name" name="name" required maxlength={100} autocomplete="off" />
        </Field>
        <Field id="schedule-graphId" label="Graph">
          <select id="schedule-graphId" name="graphId" required />
        </Field>
        <Field id="schedule-model" label="Model">
          <select id="schedule-model" name="model" required />
        </Field>
        <Field id="schedule-message" label="Message" wide>
          <textarea id="schedule-message" name="message" required rows={3} maxlength={32_000} />
        </Field>
        <Field id="schedule-preset" label="When">
          <select id="schedule-preset" name="preset">
            <option value="* * * * *">Every minute</option>
            <option value="0 9 * * 1-5" selected>
              Weekdays at 9:00
            </option>
            <option value="0 9 * * *">Every day at 9:00</option>
            <option value="0 9 * * 1">Mondays at 9:00</option>
            <option value="0 * * * *">Every hour</option>
            <option value="*/15 * * * *">Every 15 minutes</option>
            <option value="">Own cron expression</option>
          </select>
        </Field>
        <Field id="schedule-cron" label="Cron expression">
          <input
            id="schedule-cron"
            name="cron"
            class="mono"
            required
            maxlength={100}
            value="0 9 * * 1-5"
            autocomplete="off"
            spellcheck={false}
            aria-describedby="preview"
          />
        </Field>
        <Field id="schedule-timezone" label="Time zone">
          <select id="schedule-timezone" name="timezone" required />
        </Field>
        <Field id="schedule-overlap" label="While the last run is active">
          <select id="schedule-overlap" name="overlap">
            <option value="skip">Skip the new run</option>
            <option value="allow">Run both</option>
            <option value="cancel_previous">Stop the last run</option>
          </select>
        </Field>
        <Field id="schedule-catchUp" label="After missed times">
          <select id="schedule-catchUp" name="catchUp">
            <option value="one">Run once, late</option>
            <option value="none">Wait for the next time</option>
          </select>
        </Field>
      </div>
      <div class="preview" id="preview" role="status">
        <h3>Next runs</h3>
        <ol id="preview-list" />
        <p id="preview-note" class="quiet" />
      </div>
      <p class="form-problem" id="form-problem" role="alert" />
      <div class="actions">
        <button class="button primary" id="save-schedule" type="submit">
          Create schedule
        </button>
        <button class="button" id="cancel-schedule" type="button">
          Cancel
        </button>
      </div>
    </form>
  );
}
