/** Reads a body, with rests between reads in which more of it arrives. */
export interface BodyReader {
  /** undefined at the end; rejects when the connection breaks. The bytes are good until the next read. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves after `ms`, or sooner when waiting longer brings nothing. */
  rest(ms: number): Promise<void>;
  /** Never rejects: a body that was read to its end, or lost, has nothing left to cancel. */
  cancel(): Promise<void>;
}

export function readerOf(body: ReadableStream<Uint8Array>): BodyReader {
  return isWorkerd ? gulpingReader(body) : plainReader(body);
}

/**
 * Elsewhere a branch of `tee` loses what it has not yet read when its source breaks, which would be text that the
 * upstream did send.
 */
const isWorkerd = navigator.userAgent === "Cloudflare-Workers";

/** Enough for what a fast upstream sends during a rest. */
const gulpBytesMax = 16 * 1024;
/** What flows past the isolate between two times that it is entered. */
const pumpBytes = 64 * 1024;

/**
 * In workerd every read enters the isolate for one chunk of the upstream, about one token, and that costs more than
 * everything done with the token. So one branch of a `tee` only pumps, in native code and in steps far larger than a
 * chunk; the other finds everything that arrived during a rest in one piece. Nothing is held back: a read that finds
 * something answers at once, and one that finds nothing takes the next chunk. The pipe is what makes that true: large
 * steps taken from a branch itself would make its sibling wait for as much.
 */
function gulpingReader(body: ReadableStream<Uint8Array>): BodyReader {
  const [ahead, behind] = body.tee();
  const pipe = new IdentityTransformStream();
  const pump = pipe.readable.getReader({ mode: "byob" });
  const reader = behind.getReader({ mode: "byob" });
  let buffer: ArrayBufferLike = new ArrayBuffer(gulpBytesMax);
  let hasMore = false;
  let isOver = false;
  let wake = () => {};
  const over = () => {
    isOver = true;
    wake();
  };
  // A connection that breaks is reported by the branch that is read.
  Promise.all([ahead.pipeTo(pipe.writable), readAll(pump)]).then(over, over);

  return {
    async read() {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) return undefined;
      buffer = value.buffer;
      hasMore = value.byteLength === gulpBytesMax;
      return value;
    },
    async rest(ms) {
      if (isOver || hasMore) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      wake = resolve;
      await promise;
      clearTimeout(timer);
    },
    async cancel() {
      over();
      await Promise.allSettled([pump.cancel(), reader.cancel()]);
    },
  };
}

async function readAll(pump: ReadableStreamBYOBReader): Promise<void> {
  let buffer = new Uint8Array(pumpBytes);
  for (;;) {
    const { value, done } = await pump.readAtLeast(pumpBytes, buffer);
    if (done || value === undefined) return;
    buffer = new Uint8Array(value.buffer);
  }
}

function plainReader(body: ReadableStream<Uint8Array>): BodyReader {
  const reader = body.getReader();
  return {
    read: async () => (await reader.read()).value,
    rest: () => Promise.resolve(),
    cancel: () => reader.cancel().catch(() => {}),
  };
}
