/** One step of a scripted graph. Steps run in order, each again when the graph is run again. */
export type Step =
  /** Model calls side by side. Their numbers of chunks. */
  | { kind: "calls"; chunks: number[] }
  /** A model call that the gateway answers with an error until the run is tried again. */
  | { kind: "fails" }
  /** One whose answer breaks off, used and estimated, until the run is tried again. */
  | { kind: "breaks" }
  | { kind: "tool" }
  | { kind: "asks" };

export interface Script {
  steps: Step[];
}
