import { write, writeSync } from "node:fs";
import { ClosedPipe, type Io, type OutputPort } from "./io.ts";

/** The io of a real process. Streams are not opened before they are needed: they cost a tenth of the cold start. */
export function systemIo(): Io {
  return {
    env: process.env,
    get cwd() {
      return process.cwd();
    },
    stdout: port(1),
    stderr: port(2),
    stdin: () => process.stdin as AsyncIterable<Buffer>,
  };
}

const NARROWEST = 40;

function port(descriptor: 1 | 2): OutputPort {
  const stream = () => (descriptor === 1 ? process.stdout : process.stderr);
  return {
    get isTerminal() {
      return stream().isTTY === true;
    },
    get columns() {
      return Math.max(NARROWEST, stream().columns ?? 80);
    },
    post: poster(descriptor),
    write: (text) => writeAll(descriptor, typeof text === "string" ? Buffer.from(text) : text),
  };
}

/** What may wait for a slow reader; what comes on top is lost. */
const MOST_POSTED_BYTES = 1_048_576;

function poster(descriptor: number): OutputPort["post"] {
  let queue = Buffer.alloc(0);
  let isWriting = false;
  const next = (): void => {
    isWriting = queue.length > 0;
    if (!isWriting) return;
    write(descriptor, queue, (error, written) => {
      // EPIPE, EIO: the terminal went away; the jobs go on.
      queue =
        error && (error as NodeJS.ErrnoException).code !== "EAGAIN"
          ? Buffer.alloc(0)
          : queue.subarray(written ?? 0);
      if (error) setTimeout(next, 50).unref();
      else next();
    });
  };
  return (text) => {
    if (queue.length > MOST_POSTED_BYTES) return;
    queue = Buffer.concat([queue, Buffer.from(text)]);
    if (!isWriting) next();
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A terminal that was closed (EIO) reads no more than a closed pipe.
      if (code === "EPIPE" || code === "EIO") throw new ClosedPipe();
      if (code !== "EAGAIN") throw error;
      waitForReader();
    }
  }
}

/** Another program has made the pipe non-blocking, and it is full. */
function waitForReader(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
