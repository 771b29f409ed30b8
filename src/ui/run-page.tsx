import { Layout } from "./layout.tsx";

/** One run: its answer, its calls, and why it cost what it cost. `client/run.ts` loads it and follows it while it runs. */
export function RunPage({ runId }: { runId: string }) {
  return (
    <Layout title="Run" current={null} script="run">
      <main class="sheet" id="main" tabindex={-1} data-run-id={runId}>
        <div class="sheet-head">
          <div>
            <h1>
              <span id="run-title">Run</span> <span id="run-status" class="badge" role="status" />
            </h1>
            <p class="quiet run-time" id="run-time" />
            <p class="quiet mono run-id">{runId}</p>
          </div>
          <div class="actions run-actions" id="run-actions" />
        </div>
        <p class="notice" id="problem" role="alert" hidden />
        <p class="visually-hidden" id="announcer" role="status" aria-live="polite" />
        <div id="run-summary" class="run-summary" aria-busy="true">
          <p class="quiet">Loading…</p>
        </div>
        <section class="card" aria-labelledby="asked-title" hidden>
          <h2 id="asked-title">Asked</h2>
          <p class="asked" id="run-asked" tabindex={0} role="group" aria-labelledby="asked-title" />
        </section>
        <section class="card" id="run-output" aria-labelledby="output-title" hidden>
          <h2 id="output-title">Output</h2>
        </section>
        <div id="run-books" />
      </main>
    </Layout>
  );
}
