/** What discovery says of a graph; holds nothing that executes. */
export interface GraphDescriptor {
  /** The part after `provider:`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The graph's own tools; requests narrow this list and never widen it. */
  readonly toolIds: readonly string[];
  /** Keys for `<nodeKey>__model` and `<nodeKey>__toolIds`. */
  readonly nodeKeys: readonly string[];
  /** Whether it can stop and ask a person. */
  readonly interrupts: boolean;
}
