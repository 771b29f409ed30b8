const pollMs = 1_000;

/**
 * Calls `act` once when the parent of this process is gone: then this process belongs to another one. npm does not always
 * pass a signal on, and nobody could reach the server afterwards. Does not keep the process alive.
 */
export function whenParentIsGone(parent, act, parentNow = () => process.ppid) {
  const timer = setInterval(() => {
    if (parentNow() === parent) return;
    clearInterval(timer);
    act();
  }, pollMs);
  timer.unref();
}
