import { button, el, setText } from "./dom.ts";

export interface ReplyProblemActions {
  /** null where there is no place to ask. */
  askAgain: (() => void) | null;
  /** null when it runs again, else what to tell the person. */
  retry(): Promise<string | null>;
}

export interface ReplyProblem {
  element: HTMLElement;
  /** `canRetry`: there is a run that could go on from where it stood. */
  show(problem: { code: string; message: string }, canRetry: boolean): void;
  hide(): void;
}

/** What went wrong with a reply, and what can be done about it. */
export function createReplyProblem({ askAgain, retry }: ReplyProblemActions): ReplyProblem {
  const words = el("div");
  const refusal = el("p", { class: "form-problem", role: "alert" });
  const note = el(
    "p",
    { class: "quiet" },
    "Retry goes on from where it stopped: the receipts stay, and only new calls are charged.",
  );
  const retryButton = button("Retry", () => void tryAgain(), "primary");
  const element = el(
    "div",
    { class: "reply-problem", hidden: true },
    words,
    note,
    refusal,
    el(
      "div",
      { class: "actions" },
      retryButton,
      askAgain === null ? null : button("Ask again", askAgain),
    ),
  );
  let shown = "";

  async function tryAgain() {
    if (retryButton.ariaDisabled === "true") return;
    // Not `disabled`, which would take the focus from the keyboard.
    retryButton.ariaDisabled = "true";
    setText(refusal, "");
    setText(retryButton, "Retrying…");
    const refused = await retry();
    retryButton.ariaDisabled = null;
    setText(retryButton, "Retry");
    setText(refusal, refused ?? "");
  }

  return {
    element,
    show({ code, message }, canRetry) {
      element.hidden = false;
      element.classList.toggle("stopped", code === "aborted");
      note.hidden = !canRetry;
      retryButton.hidden = !canRetry;
      // A stop is the person's own doing, and told by the page without urgency.
      if (code === "aborted") words.removeAttribute("role");
      else words.setAttribute("role", "alert");
      // A rewrite would be announced again.
      if (shown !== code + message) words.replaceChildren(...problemNodes(code, message));
      shown = code + message;
    },
    hide() {
      element.hidden = true;
      shown = "";
      words.replaceChildren();
      setText(refusal, "");
    },
  };
}

/** What happened, and what to do about it. A stop by the person needs no explanation. */
function problemNodes(code: string, message: string): Node[] {
  if (code === "aborted") return [el("p", {}, "You stopped this reply.")];
  const nodes: Node[] = [el("p", {}, message)];
  if (code === "insufficient_credits") {
    nodes.push(el("p", {}, el("a", { href: "/account" }, "See your balance and limits")));
  }
  return nodes;
}
