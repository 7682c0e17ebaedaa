import { getSystemErrorName } from "node:util";
import type { OutputStream, ProcessEnd, Program } from "./launcher.ts";
import { signalName } from "./platform.ts";

/** The worker's side of the protocol that `native/protocol.h` describes. */
const VERSION = 1;

export const WINDOW_BYTES: number = 256 * 1_024;

const HEADER_BYTES = 12;
const LARGEST_MESSAGE_BYTES = 1_048_576;
const LARGEST_BODY_BYTES = 64 * 1_048_576;

const SPAWN = 1;
const TAKEN = 2;
const TERMINATE = 3;
const KILL = 4;
const HELLO = 101;
const STARTED = 102;
const REFUSED = 103;
const OUTPUT = 104;
const EXITED = 105;
const GONE = 106;
const LOST = 107;

/** What a launcher says. */
export type Message =
  | { kind: "hello" }
  | { kind: "started"; job: number; pid: number }
  | { kind: "refused"; job: number; code: string }
  | { kind: "output"; job: number; stream: OutputStream; bytes: Buffer }
  | { kind: "exited"; job: number; end: ProcessEnd; cpuMs: number; maxRssKb: number }
  | { kind: "gone"; job: number }
  | { kind: "lost"; job: number };

/** The frame that starts a program; a system's code when there can be none. */
export function encodeSpawn(job: number, { argv, cwd, env, stdin }: Program): Buffer | string {
  const variables: string[] = [];
  for (const name in env) if (env[name] !== undefined) variables.push(`${name}=${env[name]}`);
  const texts = [cwd ?? "", ...argv, ...variables];
  if (argv.length === 0 || texts.some((text) => text.includes("\0"))) return "ERR_INVALID_ARG_VALUE";
  const text = `${texts.join("\0")}\0${stdin ?? ""}`;
  const bytes = Buffer.byteLength(text);
  if (12 + bytes > LARGEST_BODY_BYTES) return "E2BIG";
  const frame = newFrame(SPAWN, job, 12 + bytes);
  frame.writeUInt32LE(argv.length, HEADER_BYTES);
  frame.writeUInt32LE(variables.length, HEADER_BYTES + 4);
  frame.writeUInt32LE(stdin === null ? 0 : 1, HEADER_BYTES + 8);
  frame.write(text, HEADER_BYTES + 12);
  return frame;
}

export function encodeTaken(job: number, stream: OutputStream, bytes: number): Buffer {
  const frame = newFrame(TAKEN, job, 8);
  frame.writeUInt32LE(stream === "stdout" ? 1 : 2, HEADER_BYTES);
  frame.writeUInt32LE(bytes, HEADER_BYTES + 4);
  return frame;
}

export function encodeTerminate(job: number): Buffer {
  return newFrame(TERMINATE, job, 0);
}

export function encodeKill(job: number): Buffer {
  return newFrame(KILL, job, 0);
}

function newFrame(kind: number, job: number, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  frame.writeUInt32LE(bodyBytes, 0);
  frame.writeUInt32LE(kind, 4);
  frame.writeUInt32LE(job, 8);
  return frame;
}

/** Makes messages of what comes in, however it is cut. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws when it is not what a launcher of this version says */
  *read(bytes: Buffer): Generator<Message> {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32LE(0);
      if (end > LARGEST_MESSAGE_BYTES) throw new Error("the launcher said more than a launcher says at once");
      if (rest.length < end) break;
      yield decode(rest.readUInt32LE(4), rest.readUInt32LE(8), rest.subarray(HEADER_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }
}

function decode(kind: number, job: number, body: Buffer): Message {
  switch (kind) {
    case HELLO:
      if (body.readUInt32LE(0) === VERSION) return { kind: "hello" };
      break;
    case STARTED:
      return { kind: "started", job, pid: body.readUInt32LE(0) };
    case REFUSED:
      return { kind: "refused", job, code: getSystemErrorName(-body.readUInt32LE(0)) };
    case OUTPUT: {
      const stream = body.readUInt32LE(0) === 1 ? "stdout" : "stderr";
      return { kind: "output", job, stream, bytes: body.subarray(4) };
    }
    case EXITED: {
      const cpuMs = body.readUInt32LE(4) * 1_000 + body.readUInt32LE(8) / 1_000;
      return {
        kind: "exited",
        job,
        end: decodeStatus(body.readUInt32LE(0)),
        cpuMs,
        maxRssKb: body.readUInt32LE(12),
      };
    }
    case GONE:
      return { kind: "gone", job };
    case LOST:
      return { kind: "lost", job };
  }
  throw new Error(`the launcher said ${kind}, which this queuectl does not know`);
}

/** As wait(2) packs it on Linux. */
function decodeStatus(status: number): ProcessEnd {
  const signal = status & 0x7f;
  if (signal !== 0) return { kind: "signalled", signal: signalName(signal) };
  return { kind: "exited", exitCode: (status >> 8) & 0xff };
}
