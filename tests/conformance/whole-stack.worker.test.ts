import { env } from "cloudflare:workers";
import { composeRun } from "../../src/compose.ts";
import { FakeJournal } from "../completion/fake-journal.ts";
import { requestWith } from "./fakes.ts";
import { describeGraphExecutor, type Scenario } from "./graph-executor.ts";

/** What the fake gateway is told to do. */
const prompts: Record<Scenario, string> = {
  answers: "[[tokens:5]]",
  asks: "[[tokens:5]]",
  fails: "[[status:429]]",
  stalls: "[[stall:2]]",
  throws: "[[tokens:5]]",
};

describeGraphExecutor({
  name: "the whole stack, down to the gateway,",
  passesUsageReports: false,
  // A question needs checkpoints, and those a RunObject's own storage, which cannot be used from outside of it.
  questions: 0,
  make(scenario) {
    const journal = new FakeJournal();
    if (scenario === "throws") {
      journal.open = () => Promise.reject(new Error("sk-secret in a prompt"));
    }
    const executor = composeRun(env).buildExecutor({
      journal,
      checkpoints: null,
      commit: async () => {},
      checkCredit: async () => null,
      totals: () => ({
        usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
        chargedCredits: 0,
      }),
    });
    const stopping = new AbortController();
    const request = requestWith(stopping.signal);
    return {
      executor,
      request: { ...request, messages: [{ role: "user", content: prompts[scenario] }] },
      cancel: () => stopping.abort(),
      upstream: {
        get started() {
          return journal.calls.length;
        },
        get open() {
          return journal.openCalls().length;
        },
      },
    };
  },
});
