/** Times from the caller's first byte sent, milliseconds. */
export interface Timing {
  firstTokenMs: number;
  /** The last token, or the end that says that there is none. */
  totalMs: number;
}

/** Something that answers a prompt and whose processes can be watched. */
export interface Subject {
  name: string;
  /** Head of the process tree whose CPU counts. */
  pid: number;
  /** Resolves when the subject has finished its work for this prompt; rejects when the answer is wrong. */
  run(prompt: string): Promise<Timing>;
  stop(): Promise<void>;
}

/** Asks the fake gateway for this many tokens (its directives stand in the prompt). */
export function promptFor(tokens: number, pace: "at once" | "paced"): string {
  const delays = pace === "paced" ? " [[first:50]] [[delay:5]]" : "";
  return `[[tokens:${tokens}]]${delays} ${(count += 1)}`;
}
let count = 0;

/** Reads an SSE answer to its end, timing the first chunk that holds a token. */
export async function timeSse(
  started: number,
  response: Response,
  token: string,
  tokensMin: number,
): Promise<Timing> {
  if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
  let firstTokenMs = 0;
  let seen = 0;
  let rest = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.includes(token)) continue;
      if (seen === 0) firstTokenMs = performance.now() - started;
      seen += 1;
    }
  }
  if (seen < tokensMin) throw new Error(`${seen} tokens arrived, ${tokensMin} were asked for`);
  return { firstTokenMs, totalMs: performance.now() - started };
}
