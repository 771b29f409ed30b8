import { byId, el, setText } from "./dom.ts";
import type { Catalog } from "./catalog.ts";
import { fillGraphSelect, fillModelSelect, modelPrice } from "./catalog.ts";
import type { RunChoice } from "./conversation.ts";
import type { ReplyState } from "./live-reply.ts";

export interface Composer {
  offer(catalog: Catalog): void;
  /** The graphs and models could not be loaded. */
  lack(reason: string): void;
  setState(state: ReplyState): void;
  focus(): void;
  /** Selects what is still offered of these. */
  choose(wanted: { graphId: string; model: string }): void;
  /** Sends a message, to the graph and model that are chosen now unless it says which. */
  ask(message: string, choice: RunChoice | null): void;
  /** Gives a message back that could not be sent, unless something new has been written. */
  restore(message: string): void;
  /** Says what went wrong until something is done about it; null takes it back. */
  warn(problem: string | null): void;
  /** Stop can be pressed again. */
  stopFailed(reason: string): void;
  /** What was to go out with the graphs and models stays where it is. */
  hold(): void;
}

interface ComposerActions {
  send(wish: RunChoice & { message: string }): void;
  stop(): void;
  /** Loads the graphs and models once more. */
  reload(): void;
}

const waitingHint =
  "This run waits for your answer above. Stop ends it; a new message can be sent after that.";
const eagerHint = "Your message goes out as soon as the graphs and models are here.";
const busyProblem = "Wait until the reply has ended, or stop it. Then ask again.";
const choiceKey = "runledger.choice";

export function createComposer({ send, stop, reload }: ComposerActions): Composer {
  const form = byId("composer", HTMLFormElement);
  const input = byId("message", HTMLTextAreaElement);
  const graph = byId("graph", HTMLSelectElement);
  const model = byId("model", HTMLSelectElement);
  const sendButton = byId("send", HTMLButtonElement);
  const stopButton = byId("stop", HTMLButtonElement);
  const hint = byId("composer-hint", HTMLElement);
  const warning = byId("composer-problem", HTMLElement);
  const retryButton = byId("catalog-retry", HTMLButtonElement);
  const baseHint = hint.textContent;
  let catalog: Catalog | null = null;
  let state: ReplyState = "idle";
  /** Chosen before there was anything to choose from. */
  let wanted: RunChoice | null = null;
  /** Why there are no graphs and models; null while they are on their way or here. */
  let lackReason: string | null = null;
  let problem: string | null = null;
  /** Sent off before the graphs and models had come: it goes out with them, unless it is edited. */
  let isEager = false;

  function ask(message: string, choice: RunChoice | null) {
    if (state !== "idle") return warn(busyProblem);
    if (lackReason !== null) return refuseWithoutCatalog();
    if (catalog === null) return;
    warn(null);
    if (input.value.trim() === message) input.value = "";
    send({ message, ...(choice ?? { graphId: graph.value, model: model.value }) });
  }

  function submit() {
    const message = input.value.trim();
    if (message === "" || state !== "idle") return;
    setEager(catalog === null && lackReason === null);
    ask(message, null);
  }

  function setEager(next: boolean) {
    isEager = next;
    describeChoice();
  }

  function refuseWithoutCatalog() {
    warn(`Your message was not sent. ${lackReason}`);
    retryButton.focus();
  }

  function warn(next: string | null) {
    problem = next;
    showWarning();
  }

  function showWarning() {
    setText(warning, problem ?? lackReason ?? "");
    retryButton.hidden = lackReason === null;
  }

  function setStopping(isStopping: boolean) {
    // Not `disabled`, which would take the focus from the keyboard.
    stopButton.ariaDisabled = isStopping ? "true" : null;
    setText(stopButton, isStopping ? "Stopping…" : "Stop");
  }

  function describeChoice() {
    if (state === "waiting") return setText(hint, waitingHint);
    if (isEager) return setText(hint, eagerHint);
    const agent = catalog?.agents.find(({ graphId }) => graphId === graph.value);
    const entry = catalog?.models.find(({ id }) => id === model.value);
    const parts = [
      agent?.description,
      entry === undefined ? undefined : `${entry.name}: ${modelPrice(entry)}.`,
    ];
    setText(hint, [...parts, baseHint].filter((part) => part !== undefined).join(" "));
  }

  function rememberChoice() {
    describeChoice();
    localStorage.setItem(choiceKey, JSON.stringify([graph.value, model.value]));
  }

  function choose({ graphId, model: modelId }: RunChoice) {
    if (catalog?.agents.some((agent) => agent.graphId === graphId) === true) graph.value = graphId;
    if (catalog?.models.some(({ id }) => id === modelId) === true) model.value = modelId;
    describeChoice();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  input.addEventListener("keydown", (event) => {
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  input.addEventListener("input", () => setEager(false));
  graph.addEventListener("change", rememberChoice);
  model.addEventListener("change", rememberChoice);
  stopButton.addEventListener("click", () => {
    if (stopButton.ariaDisabled === "true") return;
    warn(null);
    setStopping(true);
    stop();
  });
  retryButton.addEventListener("click", () => {
    // The button goes away with the problem; the keyboard stays where the work is.
    input.focus();
    lackReason = null;
    warn(null);
    reload();
  });

  return {
    ask,
    warn,
    offer(offered) {
      catalog = offered;
      lackReason = null;
      warn(null);
      const [graphId, modelId] = rememberedChoice();
      fillGraphSelect(graph, offered, graphId);
      fillModelSelect(model, offered, modelId);
      if (wanted !== null) choose(wanted);
      describeChoice();
      if (isEager) submit();
    },
    lack(reason) {
      lackReason = reason;
      for (const select of [graph, model]) select.replaceChildren(el("option", {}, "Not loaded"));
      if (isEager) refuseWithoutCatalog();
      else showWarning();
      setEager(false);
    },
    choose(choice) {
      wanted = choice;
      choose(choice);
    },
    setState(next) {
      if (next === state) return;
      const wasActive = state !== "idle";
      state = next;
      describeChoice();
      const active = state !== "idle";
      if (active === wasActive) return;
      const hadFocus =
        document.activeElement === stopButton || document.activeElement === sendButton;
      sendButton.hidden = active;
      stopButton.hidden = !active;
      setStopping(false);
      if (!active) warn(null);
      // A hidden button loses the focus to the page; the keyboard stays where the work is.
      if (hadFocus) (active ? stopButton : input).focus();
    },
    focus() {
      input.focus();
    },
    restore(message) {
      if (input.value === "") input.value = message;
    },
    stopFailed(reason) {
      setStopping(false);
      warn(`The run was not stopped. ${reason}`);
    },
    hold() {
      setEager(false);
    },
  };
}

function rememberedChoice(): [string | null, string | null] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(choiceKey) ?? "[]");
    const [graphId = null, modelId = null] = Array.isArray(stored)
      ? stored.map((entry: unknown) => (typeof entry === "string" ? entry : null))
      : [];
    return [graphId, modelId];
  } catch {
    return [null, null];
  }
}
