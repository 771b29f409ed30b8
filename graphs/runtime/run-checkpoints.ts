import { Command } from "@langchain/langgraph";
import type { CheckpointStorage, InterruptAnswer } from "../../src/ports/graph-runner.ts";
import { beginAttempt, stepBeforeAll } from "./checkpoint/attempt-rows.ts";
import { readCheckpoint } from "./checkpoint/checkpoint-rows.ts";
import { DeferringSaver } from "./checkpoint/deferring-saver.ts";
import { countAnswers } from "./checkpoint/question-rows.ts";
import { SqlCheckpointSaver } from "./checkpoint/saver.ts";
import { ensureCheckpointTable } from "./checkpoint/table.ts";
import type { Answers } from "./kit.ts";

/**
 * The checkpoints of one run, as an invocation of its graph needs them. Questions are named
 * `<LangGraph's id>.<answers that the asking task has had>`, so an answer tells by its name alone whether it was
 * delivered already.
 */
export class RunCheckpoints {
  readonly saver: DeferringSaver;
  readonly #storage: CheckpointStorage;
  readonly #runId: string;
  readonly #isNew: boolean;

  /** Makes the table where there is none. */
  constructor(storage: CheckpointStorage, runId: string) {
    this.#isNew = ensureCheckpointTable(storage);
    this.saver = new DeferringSaver(new SqlCheckpointSaver(storage, this.#isNew));
    this.#storage = storage;
    this.#runId = runId;
  }

  /**
   * How to go on, and how many steps the attempt has left of `maxSteps`, since a death or an interrupt must not give it
   * new ones. LangGraph takes no limit below one, so a death within the last steps gains the attempt up to three more.
   * Undefined where the run has no checkpoint yet.
   */
  goOn(
    attempt: number,
    answer: InterruptAnswer | null,
    maxSteps: number,
  ): { input: Answers | null; maxSteps: number } | undefined {
    const last = this.#isNew
      ? undefined
      : readCheckpoint(this.#storage.sql, { threadId: this.#runId, checkpointNs: "" }, undefined);
    const lastStep = last?.metadata.step ?? stepBeforeAll;
    const beganAfter = beginAttempt(this.#storage, this.#runId, attempt, lastStep);
    if (last === undefined) return undefined;
    return {
      input: answer === null ? null : this.#deliver(answer),
      maxSteps: Math.max(1, maxSteps - (lastStep - beganAfter)),
    };
  }

  nameQuestion(questionId: string): string {
    const name = this.#nameOf(questionId);
    if (name === null) throw new Error("a question that was asked is in no checkpoint");
    return name;
  }

  #nameOf(questionId: string): string | null {
    const answers = countAnswers(this.#storage.sql, this.#runId, questionId);
    return answers === null ? null : `${questionId}.${answers}`;
  }

  /** Null where the task has the answer already: LangGraph would take it for the answer to the task's next question. */
  #deliver({ interruptId, value }: InterruptAnswer): Answers | null {
    const [questionId = ""] = interruptId.split(".");
    const isOpen = this.#nameOf(questionId) === interruptId;
    return isOpen
      ? new Command<Record<string, unknown>, Record<string, never>, never>({
          resume: { [questionId]: value },
        })
      : null;
  }
}
