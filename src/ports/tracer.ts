export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  set(attributes: SpanAttributes): void;
  end(status: "ok" | "error"): void;
}

/** Where spans go. Attributes carry ids and numbers, never prompts, texts or secrets. */
export interface Tracer {
  startSpan(name: string, attributes: SpanAttributes): Span;
}
