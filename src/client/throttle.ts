/**
 * Runs `render` at once, then at most every `intervalMs`, and always once more after the last request. The interval
 * grows with what a rendering costs, so that a long text never takes more than a part of the main thread.
 */
export function throttled(
  render: () => void,
  intervalMs: number,
  clock: { now(): number; later(delayMs: number, task: () => void): void },
): () => void {
  const costShareMax = 0.25;
  let nextAt = 0;
  let isPending = false;

  function run() {
    isPending = false;
    const startedAt = clock.now();
    render();
    const endedAt = clock.now();
    nextAt = endedAt + Math.max(intervalMs, (endedAt - startedAt) / costShareMax);
  }

  return () => {
    if (isPending) return;
    const waitMs = nextAt - clock.now();
    if (waitMs <= 0) return run();
    isPending = true;
    clock.later(waitMs, run);
  };
}
