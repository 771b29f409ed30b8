import { byId, setText } from "./dom.ts";
import type { Catalog } from "./catalog.ts";
import { fillGraphSelect, fillModelSelect, modelPrice } from "./catalog.ts";
import type { ReplyState } from "./live-reply.ts";

export interface Composer {
  offer(catalog: Catalog): void;
  setState(state: ReplyState): void;
  focus(): void;
  /** Selects what is still offered of these. */
  choose(wanted: { graphId: string; model: string }): void;
  /** Sends a message to the graph and model that are chosen now. */
  ask(message: string): void;
  /** Gives a message back that could not be sent, unless something new has been written. */
  restore(message: string): void;
}

interface ComposerActions {
  send(wish: { message: string; graphId: string; model: string }): void;
  stop(): void;
}

const waitingHint =
  "This run waits for your answer above. Stop ends it; a new message can be sent after that.";
const choiceKey = "runledger.choice";

export function createComposer({ send, stop }: ComposerActions): Composer {
  const form = byId("composer", HTMLFormElement);
  const input = byId("message", HTMLTextAreaElement);
  const graph = byId("graph", HTMLSelectElement);
  const model = byId("model", HTMLSelectElement);
  const sendButton = byId("send", HTMLButtonElement);
  const stopButton = byId("stop", HTMLButtonElement);
  const hint = byId("composer-hint", HTMLElement);
  const baseHint = hint.textContent;
  let catalog: Catalog | null = null;
  let state: ReplyState = "idle";
  /** Sent off before the graphs and models had come: it goes out with them. */
  let isEager = false;

  function canSend(): boolean {
    return state === "idle" && catalog !== null;
  }

  function ask(message: string) {
    if (canSend()) send({ message, graphId: graph.value, model: model.value });
  }

  function submit() {
    const message = input.value.trim();
    isEager = catalog === null;
    if (message === "" || !canSend()) return;
    input.value = "";
    ask(message);
  }

  function describeChoice() {
    if (state === "waiting") return setText(hint, waitingHint);
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
  graph.addEventListener("change", rememberChoice);
  model.addEventListener("change", rememberChoice);
  stopButton.addEventListener("click", () => {
    if (stopButton.ariaDisabled === "true") return;
    // Not `disabled`, which would take the focus from the keyboard.
    stopButton.ariaDisabled = "true";
    setText(stopButton, "Stopping…");
    stop();
  });

  return {
    ask,
    offer(offered) {
      catalog = offered;
      const [graphId, modelId] = rememberedChoice();
      fillGraphSelect(graph, offered, graphId);
      fillModelSelect(model, offered, modelId);
      describeChoice();
      if (isEager) submit();
    },
    choose(wanted) {
      if (catalog === null) return;
      if (catalog.agents.some(({ graphId }) => graphId === wanted.graphId)) {
        graph.value = wanted.graphId;
      }
      if (catalog.models.some(({ id }) => id === wanted.model)) model.value = wanted.model;
      describeChoice();
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
      stopButton.ariaDisabled = null;
      setText(stopButton, "Stop");
      // A hidden button loses the focus to the page; the keyboard stays where the work is.
      if (hadFocus) (active ? stopButton : input).focus();
    },
    focus() {
      input.focus();
    },
    restore(message) {
      if (input.value === "") input.value = message;
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
