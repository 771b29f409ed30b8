import { Layout } from "./layout.tsx";

/** Spend and tokens over time, then every receipt. Filters live in the URL; `client/activity.ts` fills the rest. */
export function ActivityPage() {
  return (
    <Layout title="Activity" current="activity" script="activity">
      <main class="sheet" id="main" tabindex={-1}>
        <div class="sheet-head">
          <h1>Activity</h1>
          <a class="button" id="csv" href="/api/v1/activity.csv" download="">
            Download CSV
          </a>
        </div>
        <form class="filters" id="filters">
          <fieldset class="segments">
            <legend class="visually-hidden">Time range</legend>
            <Segment name="range" value="24h" label="24 hours" />
            <Segment name="range" value="7d" label="7 days" />
            <Segment name="range" value="30d" label="30 days" />
            <Segment name="range" value="custom" label="Custom" />
          </fieldset>
          <div class="custom-range" id="custom-range" hidden>
            <label>
              From <input type="date" name="from" />
            </label>
            <label>
              Through <input type="date" name="to" />
            </label>
          </div>
          <div class="inline-field">
            <label for="group">Group by</label>
            <select id="group" name="group">
              <option value="model">Model</option>
              <option value="graphId">Graph</option>
              <option value="trigger">Trigger</option>
            </select>
          </div>
          <p class="form-problem" id="range-problem" role="alert" />
        </form>
        <p class="notice" id="problem" role="alert" hidden />
        <dl class="figures" id="totals" aria-busy="true">
          <Figure id="total-spend" label="Spend" />
          <Figure id="total-runs" label="Runs" />
          <Figure id="total-calls" label="Model calls" />
          <Figure id="total-tokens" label="Tokens in / out" />
        </dl>
        <section class="card" aria-labelledby="chart-title">
          <h2 id="chart-title">Spend over time</h2>
          <div class="chart" id="chart" role="img" aria-labelledby="chart-title" />
          <ul class="legend" id="legend" aria-label="Spend by group" />
          <details class="disclosure">
            <summary>Show as a table</summary>
            <div
              class="table-scroll"
              id="chart-table"
              tabindex={0}
              role="region"
              aria-label="Spend over time, as a table"
            />
          </details>
        </section>
        <section class="card" aria-labelledby="rows-title">
          <h2 id="rows-title">Receipts</h2>
          <p class="quiet card-lead">One row for every model call that was made for you.</p>
          <div class="table-scroll" id="rows" aria-busy="true">
            <p class="quiet">Loading…</p>
          </div>
          <button class="button" id="rows-more" type="button" hidden>
            Load more
          </button>
        </section>
      </main>
    </Layout>
  );
}

function Segment({ name, value, label }: { name: string; value: string; label: string }) {
  return (
    <label class="segment">
      <input type="radio" name={name} value={value} />
      <span>{label}</span>
    </label>
  );
}

function Figure({ id, label }: { id: string; label: string }) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd id={id}>–</dd>
    </div>
  );
}
