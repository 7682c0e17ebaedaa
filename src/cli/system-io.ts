import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { QueuectlError } from "../domain/errors.ts";
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
    get canAsk() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true;
    },
    stdin: () => process.stdin as AsyncIterable<Buffer>,
  };
}

function port(descriptor: 1 | 2): OutputPort {
  const stream = () => (descriptor === 1 ? process.stdout : process.stderr);
  return {
    get isTerminal() {
      return stream().isTTY === true;
    },
    get columns() {
      // A terminal that does not know its width says 0.
      return stream().columns || 80;
    },
    ...poster(descriptor),
    write: (text) => writeAll(descriptor, typeof text === "string" ? Buffer.from(text) : text),
  };
}

/** What may wait for a slow reader; what comes on top is lost. */
const MOST_POSTED_BYTES = 1_048_576;

/** A reader that does not read for this long at the end is not waited for. */
const FLUSH_MS = 1_000;

function poster(inherited: number): Pick<OutputPort, "post" | "flush"> {
  let descriptor: number | undefined;
  let queue = Buffer.alloc(0);
  let writing = Promise.resolve();
  const drain = async (): Promise<void> => {
    descriptor ??= nonBlocking(inherited);
    while (queue.length > 0) {
      // In two steps: what is posted while this waits must not be overwritten.
      const done = await writeSome(descriptor, queue);
      queue = queue.subarray(done);
    }
  };
  return {
    post: (text) => {
      if (queue.length > MOST_POSTED_BYTES) return;
      const isIdle = queue.length === 0;
      queue = Buffer.concat([queue, Buffer.from(text)]);
      if (isIdle) writing = drain();
    },
    flush: () => Promise.race([writing, new Promise<void>((resolve) => setTimeout(resolve, FLUSH_MS))]),
  };
}

/**
 * The same pipe or terminal, opened anew so that a write never waits: a thread that hangs in a full pipe, or at a
 * terminal that was paused, keeps the whole process from exiting. Not set on the inherited one: that is shared with
 * others, who do not expect it.
 */
function nonBlocking(inherited: number): number {
  try {
    const stat = fstatSync(inherited);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return inherited;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${inherited}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return inherited;
  }
}

/** How many bytes are done with: written, or never to be (the terminal went away; the jobs go on). */
function writeSome(descriptor: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    write(descriptor, bytes, (error, written) => {
      if (!error) resolve(written);
      else if ((error as NodeJS.ErrnoException).code === "EAGAIN") setTimeout(() => resolve(0), 20);
      else resolve(bytes.length);
    });
  });
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A terminal that was closed (EIO) reads no more than a closed pipe.
      if (code === "EPIPE" || code === "EIO") throw new ClosedPipe();
      if (code !== "EAGAIN") throw cannotWrite(error);
      waitForReader();
    }
  }
}

function cannotWrite(cause: unknown): QueuectlError {
  return new QueuectlError("output_failed", `Cannot write the answer: ${(cause as Error).message}`, {
    hint: "The work itself is done. Look at it again with room for the answer.",
    cause,
  });
}

/** Another program has made the pipe non-blocking, and it is full. */
function waitForReader(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
