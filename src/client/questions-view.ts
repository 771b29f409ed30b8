import type { JsonValue } from "../ports/json.ts";
import { el, setText } from "./dom.ts";
import type { SendAnswer } from "./question-card.ts";
import { createQuestionCard } from "./question-card.ts";
import type { Question } from "./questions.ts";
import { answerWords, questionForm } from "./questions.ts";

export interface QuestionsView {
  /** Lines about what was asked before. */
  past: HTMLElement;
  /** Cards of what waits for an answer. */
  open: HTMLElement;
  show(questions: readonly Question[]): void;
}

interface Shown {
  state: Question["state"];
  element: HTMLElement;
}

const pastLengthMax = 300;

/**
 * What a run asks and has asked: open questions as cards, past ones as a line each. A card takes the focus when it
 * appears, unless the person is writing something else just then.
 */
export function createQuestionsView(send: SendAnswer): QuestionsView {
  const past = el("div", { class: "questions", hidden: true });
  const open = el("div", { class: "questions", hidden: true });
  const shown = new Map<string, Shown>();
  const given = new Map<string, JsonValue>();

  async function sendAndKeep(interruptId: string, value: JsonValue): Promise<string | null> {
    // Before it is sent: the run may go on before the reply to this request is here.
    given.set(interruptId, value);
    const problem = await send(interruptId, value);
    if (problem !== null) given.delete(interruptId);
    return problem;
  }

  function show(questions: readonly Question[]) {
    let asked: HTMLElement | null = null;
    for (const question of questions) {
      const { interruptId, state } = question;
      const known = shown.get(interruptId);
      if (known?.state === state) continue;
      const next =
        state === "open"
          ? createQuestionCard(question, sendAndKeep)
          : pastQuestion(question, given.get(interruptId));
      if (state === "open") asked ??= next;
      const hadFocus = known?.element.contains(document.activeElement) === true;
      known?.element.remove();
      (state === "open" ? open : past).append(next);
      hideEmpty();
      if (hadFocus) next.focus({ preventScroll: true });
      shown.set(interruptId, { state, element: next });
    }
    if (asked !== null && !isWriting()) asked.focus();
  }

  /** What is hidden can take no focus. */
  function hideEmpty() {
    past.hidden = past.childElementCount === 0;
    open.hidden = open.childElementCount === 0;
  }

  return { past, open, show };
}

function isWriting(): boolean {
  const { activeElement } = document;
  const isField =
    activeElement instanceof HTMLTextAreaElement || activeElement instanceof HTMLInputElement;
  return isField && activeElement.value !== "";
}

function pastQuestion({ state, value }: Question, given: JsonValue | undefined): HTMLElement {
  const form = questionForm(value);
  const outcome = el("span", { class: "question-outcome" });
  setText(outcome, state === "dropped" ? "Not answered" : answerWords(given));
  const text = form.kind === "approval" ? form.question : form.text;
  return el(
    "p",
    { class: "question-past", tabindex: -1, dir: "auto" },
    outcome,
    " · ",
    text.slice(0, pastLengthMax),
  );
}
