const words: Readonly<Record<string, string>> = {
  invalid_request: "A request that was refused",
  not_found: "Something that is not there",
  timeout: "Too long without an end",
  aborted: "Stopped",
  rate_limit: "A limit that was reached",
  insufficient_credits: "Not enough credit",
  provider_unavailable: "The model's provider did not answer",
  conflict: "Another run was still active",
  internal: "A fault of the server",
};

/** A run's error code for people. */
export function errorWords(code: string): string {
  return words[code] ?? code.replaceAll("_", " ");
}
