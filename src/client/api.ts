export interface Problem {
  /** HTTP status; 0 when no answer came. */
  status: number;
  code: string;
  message: string;
  issues: readonly { path: string; message: string }[];
}

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

interface CallOptions {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/**
 * One request to this page's own server; never rejects. The shape of an answer is taken at its word, since page and
 * interface come from the same deployment.
 */
export async function callApi<T>(path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { method = "GET", body, headers = {}, signal } = options;
  const isWrite = method !== "GET";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...headers, ...(isWrite ? { "content-type": "application/json" } : {}) },
      ...(isWrite ? { body: JSON.stringify(body ?? {}) } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch {
    return { ok: false, problem: unreachableProblem };
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return { ok: true, value: answer as T };
  return { ok: false, problem: readProblem(response.status, answer) };
}

const unreachableProblem: Problem = {
  status: 0,
  code: "offline",
  message: "The server cannot be reached. Check your connection and try again.",
  issues: [],
};

function readProblem(status: number, answer: unknown): Problem {
  const error = (answer as { error?: Partial<Problem> } | null)?.error;
  return {
    status,
    code: error?.code ?? "internal",
    message: error?.message ?? `The server answered with status ${status}.`,
    issues: error?.issues ?? [],
  };
}

/** What a form shows: the message, then what is wrong with each field. */
export function problemText({ message, issues }: Problem): string {
  const further = issues.filter((issue) => issue.message !== message);
  return [message, ...further.map((issue) => `${issue.path}: ${issue.message}`)].join(" ");
}
