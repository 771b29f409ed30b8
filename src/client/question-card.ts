import type { JsonValue } from "../ports/json.ts";
import { button, el, setText } from "./dom.ts";
import type { Question, QuestionForm } from "./questions.ts";
import { approvalAnswer, openAnswer, questionForm } from "./questions.ts";
import { renderMarkdown } from "./sanitize.ts";

/** null when the answer was taken, else what to tell the person. */
export type SendAnswer = (interruptId: string, value: JsonValue) => Promise<string | null>;

/** One open question with what is needed to answer it. It stays as it is until the run goes on. */
export function createQuestionCard(
  { interruptId, value }: Pick<Question, "interruptId" | "value">,
  send: SendAnswer,
): HTMLElement {
  const form = questionForm(value);
  const problem = el("p", { class: "form-problem", role: "alert" });
  const words = el("textarea", { id: fresh("answer"), rows: 1, maxlength: 16_000, dir: "auto" });
  const title = el("h2", { id: fresh("question") }, "Your answer is needed");
  const asked = el("div", { id: fresh("asked") }, ...questionNodes(form));
  const card = el("section", {
    class: "question-card",
    tabindex: -1,
    "aria-labelledby": title.id,
    "aria-describedby": asked.id,
  });
  let isSending = false;

  async function answer(chosen: HTMLButtonElement, given: JsonValue) {
    if (isSending) return;
    isSending = true;
    const label = chosen.textContent;
    setText(problem, "");
    setText(chosen, "Sending…");
    setDisabled(true);
    const refused = await send(interruptId, given);
    if (refused === null) return;
    isSending = false;
    setText(chosen, label);
    setDisabled(false);
    setText(problem, refused);
  }

  /** Not `disabled`, which would take the focus from the keyboard. */
  function setDisabled(isDisabled: boolean) {
    for (const control of card.querySelectorAll("button")) {
      control.ariaDisabled = isDisabled ? "true" : null;
    }
    words.readOnly = isDisabled;
  }

  function approvalButtons(): HTMLButtonElement[] {
    const approve = button(
      "Approve",
      () => void answer(approve, approvalAnswer(true, words.value)),
      "primary",
    );
    const decline = button(
      "Decline",
      () => void answer(decline, approvalAnswer(false, words.value)),
    );
    return [approve, decline];
  }

  function openButton(): HTMLButtonElement {
    const submit = button(
      "Send answer",
      () => {
        if (words.value.trim() !== "") return void answer(submit, openAnswer(words.value));
        setText(problem, "Write an answer first.");
        words.focus();
      },
      "primary",
    );
    return submit;
  }

  const buttons = form.kind === "approval" ? approvalButtons() : [openButton()];
  card.append(
    title,
    asked,
    el(
      "div",
      { class: "field" },
      el(
        "label",
        { for: words.id },
        form.kind === "approval" ? "Comment (optional)" : "Answer (text or JSON)",
      ),
      words,
    ),
    problem,
    el("div", { class: "actions" }, ...buttons),
  );
  return card;
}

function questionNodes(form: QuestionForm): HTMLElement[] {
  if (form.kind === "open")
    return [el("pre", { class: "question-text", tabindex: 0, dir: "auto" }, form.text)];
  const nodes: HTMLElement[] = [el("p", { class: "question-text", dir: "auto" }, form.question)];
  if (form.draft !== null) {
    const draft = el("div", { class: "draft markdown", tabindex: 0, role: "group", dir: "auto" });
    draft.setAttribute("aria-label", "Draft");
    draft.append(renderMarkdown(form.draft));
    nodes.push(draft);
  }
  return nodes;
}

let ids = 0;

/** Ids of interrupts come from elsewhere, and one run may be shown twice. */
function fresh(name: string): string {
  ids += 1;
  return `${name}-${ids}`;
}
