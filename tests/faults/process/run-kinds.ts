import { refusalText } from "../../../graphs/approval/prompts.ts";
import type { JsonValue } from "../../../src/ports/json.ts";
import { answerFor } from "../../fake-gateway/answer.ts";
import { readDirectives } from "../../fake-gateway/directives.ts";
import type { Random } from "./random.ts";

/** Models of the fake gateway; what stands after the slash tells it how to behave. */
export const models = ["fake/quick", "fake/delay:12", "fake/delay:40"] as const;

export const modelCatalog = models.map((id) => ({
  id,
  inputUsdPerMTok: "0.15",
  outputUsdPerMTok: "0.60",
  maxOutputTokens: 1_000,
}));

/** 1.25, so that a charge is never just its cost. */
export const markupBasisPoints = 12_500;

/** A run as it was decided before it starts. */
export interface RunPlan {
  kind: string;
  body: { graphId: string; message: string; model: string };
  /** How an attempt ends that nobody stops. */
  endsFirst: "success" | "error";
  endsRetried: "success" | "error";
  /** The final text of an attempt that succeeds; null where it depends on more than the plan. */
  output: string | null;
  /** Asks for another attempt of a run that ended `error` or `cancelled`. */
  retries: boolean;
  /** Stopped so long after its start; null: left alone. */
  cancelAfterMs: number | null;
  /** To the questions that it asks, in order. */
  answers: readonly { value: JsonValue; afterMs: number }[];
  /** Nobody watches it or asks for it until it is over. */
  unwatched: boolean;
  /** The client never learns its id: it does not repeat a request whose answer was lost. */
  abandoned: boolean;
}

export interface Features {
  retry: boolean;
  approval: boolean;
  leavesSomeAlone: boolean;
}

type Draft = Pick<RunPlan, "kind" | "body"> & Partial<RunPlan>;

export function planRun(random: Random, number: number, features: Features): RunPlan {
  const draft = drafts(random, features)(`Run ${number}.`);
  const isPlain = draft.endsFirst === undefined && draft.answers === undefined;
  const cancelAfterMs = random.chance(0.12) ? random.between(0, 1_500) : null;
  const retries = random.chance(0.6);
  const isAlone = isPlain && cancelAfterMs === null && random.chance(0.12);
  const unwatched = isAlone && features.leavesSomeAlone;
  return {
    endsFirst: "success",
    endsRetried: "success",
    output: null,
    answers: [],
    cancelAfterMs,
    unwatched,
    abandoned: isPlain && cancelAfterMs === null && !unwatched && random.chance(0.08),
    ...draft,
    retries: features.retry && (draft.retries ?? retries),
  };
}

/** What must come of runs that the driver knows nothing of: those of schedules, and those it gave up. */
export const schedulePlan = {
  graphId: "langgraph:poet",
  message: "By schedule. [[tokens:12]]",
  model: models[1],
};

function drafts(random: Random, features: Features): (text: string) => Draft {
  const model = random.pick<string>([
    [3, models[0]],
    [4, models[1]],
    [2, models[2]],
  ]);
  const tokens = `[[tokens:${random.between(3, 40)}]]`;
  return random.pick<(text: string) => Draft>([
    [4, (text) => spoken("poet", text, tokens, model)],
    [3, (text) => spoken("ponderer", text, tokens, model)],
    [
      3,
      (text) =>
        spoken(
          "assistant",
          text,
          `${tokens} [[tool:core__calculator {"expression":"6*${random.between(2, 99)}"}]] [[tool:core__current_time {}]]`,
          model,
        ),
    ],
    [
      3,
      (text) =>
        spoken("research", text, "[[say:- What is alpha?\n- What is beta?\n- And gamma?]]", model),
    ],
    [
      1,
      (text) => ({ ...spoken("poet", text, "[[status:503]]", model), kind: "failing", ...fails }),
    ],
    [
      1,
      (text) => ({
        ...spoken("ponderer", text, `${tokens} [[@0 truncate:2]]`, model),
        kind: "cut once",
        ...failsOnce,
      }),
    ],
    [
      1,
      (text) => ({
        ...spoken(
          "assistant",
          text,
          `${tokens} [[tool:core__current_time {}]] [[@0@tool status:500]]`,
          model,
        ),
        kind: "failing after tool",
        ...failsOnce,
      }),
    ],
    [
      features.approval ? 3 : 0,
      (text) => {
        const asked = approvalAnswers(random);
        const draft = spoken("approval", text, tokens, model);
        return {
          ...draft,
          answers: asked.answers,
          output: asked.isRefused ? refusalText : (draft.output ?? null),
        };
      },
    ],
  ]);
}

const fails = { endsFirst: "error", endsRetried: "error", output: null } as const;
const failsOnce = { endsFirst: "error", endsRetried: "success", retries: true } as const;

/** A run of a graph whose final text the gateway decides by what stands in the message. */
function spoken(graph: string, text: string, directives: string, model: string): Draft {
  const message = `${text} ${directives}`;
  const messages = [
    { role: "user", content: message },
    { role: "tool", content: "" },
  ];
  return {
    kind: graph,
    body: { graphId: `langgraph:${graph}`, message, model },
    output: answerFor(messages, readDirectives(model, "/1", messages)).tokens.join(""),
  };
}

function approvalAnswers(random: Random): {
  answers: { value: JsonValue; afterMs: number }[];
  isRefused: boolean;
} {
  const isRefused = random.chance(0.3);
  // Sometimes long enough for a death in between.
  const thinking = () =>
    random.pick([
      [2, 0],
      [2, random.between(1, 300)],
      [3, random.between(1_000, 6_000)],
    ]);
  const clear: JsonValue = isRefused ? { approved: false } : { approved: true, comment: "Good." };
  const unclear = random.chance(0.25) ? [{ value: {}, afterMs: thinking() }] : [];
  return { answers: [...unclear, { value: clear, afterMs: thinking() }], isRefused };
}
