/**
 * Makes of a generator an iterable that can really be closed. An async generator alone cannot: `return()` queues behind
 * a pending `next()`, which may wait long for its upstream. Here closing first aborts the signal that the body was given,
 * then waits until the body has ended. Closed before the first pull, the body never starts.
 */
export function closableStream<T>(
  outer: AbortSignal,
  body: (signal: AbortSignal) => AsyncGenerator<T, void>,
  onClosed: () => void = () => {},
): AsyncIterable<T> {
  const closing = new AbortController();
  let inner: AsyncGenerator<T, void> | null = null;
  let isClosed = false;

  const iterator: AsyncIterator<T, void> = {
    async next() {
      if (isClosed) return { done: true, value: undefined };
      inner ??= body(AbortSignal.any([outer, closing.signal]));
      return inner.next();
    },
    async return() {
      isClosed = true;
      closing.abort();
      await inner?.return();
      onClosed();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
