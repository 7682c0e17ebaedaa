import { formatSize } from "../../domain/size.ts";
import type { OutputPiece } from "../../queue/read-output.ts";
import type { StreamName } from "../../queue/read-stream.ts";
import type { Io, OutputPort } from "../io.ts";
import { clockTime, isoTime } from "./time.ts";
import { visibleOutput } from "./visible.ts";

/** Shows a job's output as it comes. */
export interface OutputWriter {
  write(piece: OutputPiece): void;
  /** What was held back, when an execution has ended. */
  end(): void;
}

/** Decodes each stream on its own. A byte order mark is kept. */
function streamDecoders(): Record<StreamName, InstanceType<typeof TextDecoder>> {
  const decoder = () => new TextDecoder("utf-8", { ignoreBOM: true });
  return { stdout: decoder(), stderr: decoder() };
}

/**
 * For a pipe: the exact bytes, each stream on its own; with `timestamps` each line begins with the instant at which its
 * first byte arrived.
 */
export function bytesWriter(ports: Record<StreamName, OutputPort>, timestamps: boolean): OutputWriter {
  const isLineOpen = { stdout: false, stderr: false };
  return {
    write({ stream, bytes, at }) {
      if (!timestamps || bytes.length === 0) return ports[stream].write(bytes);
      const stamp = Buffer.from(`${isoTime(at)} `);
      ports[stream].write(Buffer.concat(stampLines(bytes, stamp, isLineOpen[stream])));
      isLineOpen[stream] = bytes.at(-1) !== NEWLINE;
    },
    end: () => {},
  };
}

const NEWLINE = 0x0a;

function stampLines(bytes: Buffer, stamp: Buffer, isLineOpen: boolean): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
    if (from > 0 || !isLineOpen) parts.push(stamp);
    parts.push(bytes.subarray(from, end));
    from = end;
  }
  return parts;
}

/** An escape sequence that may go on in the next piece. */
const OPEN_SEQUENCE = /\u001b(\[[0-9;:]{0,32})?$/;

/** For people: both streams as they came, what could do harm made visible. Gaps are shown where they are. */
export function terminalWriter(io: Io, stamp: ((at: number) => string) | undefined): OutputWriter {
  const decoders = streamDecoders();
  const held = { stdout: "", stderr: "" };
  let isLineOpen = false;
  const show = (text: string, at: number) => {
    if (text === "") return;
    io.stdout.write(stamp ? stampText(text, stamp(at), isLineOpen) : text);
    isLineOpen = !text.endsWith("\n");
  };
  const release = (stream: StreamName, at: number) => {
    show(visibleOutput(held[stream]), at);
    held[stream] = "";
  };
  const endLine = () => {
    if (isLineOpen) io.stdout.write("\n");
    isLineOpen = false;
  };
  let lastAt = 0;
  return {
    write({ stream, bytes, at, droppedBefore }) {
      lastAt = at;
      release(stream === "stdout" ? "stderr" : "stdout", at);
      if (droppedBefore > 0) {
        release(stream, at);
        endLine();
        io.stdout.write(`[… ${formatSize(droppedBefore)} of ${stream} were dropped here …]\n`);
      }
      const text = held[stream] + decoders[stream].decode(bytes, { stream: true });
      const end = text.length - (OPEN_SEQUENCE.exec(text)?.[0].length ?? 0);
      held[stream] = text.slice(end);
      show(visibleOutput(text.slice(0, end)), at);
    },
    end() {
      for (const stream of ["stdout", "stderr"] as const) {
        held[stream] += decoders[stream].decode();
        release(stream, lastAt);
      }
      endLine();
    },
  };
}

function stampText(text: string, stamp: string, isLineOpen: boolean): string {
  const lines = text.replace(/\n(?!$)/g, `\n${stamp}`);
  return isLineOpen ? lines : stamp + lines;
}

/** The dim, short form of an instant in front of a line, for a screen. */
export function terminalStamp(dim: (text: string) => string): (at: number) => string {
  return (at) => `${dim(clockTime(at))} `;
}

/** A line of `logs --json`. */
export interface LogLineJson {
  stream: StreamName;
  text: string;
  at: string;
}

/** A line without an end must not fill the memory: it comes in several objects. */
const MOST_LINE_LENGTH = 1_048_576;

/**
 * For programs: a line of JSON for each line of output, in the order in which the lines were completed, with the instant
 * at which each began. What is missing ends a line.
 */
export function jsonWriter(out: Pick<OutputPort, "write">): OutputWriter {
  const decoders = streamDecoders();
  const open = { stdout: { text: "", at: 0 }, stderr: { text: "", at: 0 } };
  /** Written together: a call for each line costs a hundred times what the line does. */
  let ended = "";
  const flush = () => {
    if (ended !== "") out.write(ended);
    ended = "";
  };
  /** Many lines arrive together, and a date is dearer than a line. */
  let stamp = { at: 0, iso: isoTime(0) };
  const endLine = (stream: StreamName) => {
    const { text, at } = open[stream];
    if (stamp.at !== at) stamp = { at, iso: isoTime(at) };
    ended += `${JSON.stringify({ stream, text, at: stamp.iso } satisfies LogLineJson)}\n`;
    open[stream].text = "";
  };
  const endOpen = (stream: StreamName) => {
    open[stream].text += decoders[stream].decode();
    if (open[stream].text !== "") endLine(stream);
  };
  return {
    write({ stream, bytes, at, droppedBefore }) {
      if (droppedBefore > 0) endOpen(stream);
      const parts = decoders[stream].decode(bytes, { stream: true }).split("\n");
      for (const [index, part] of parts.entries()) {
        if (open[stream].text === "") open[stream].at = at;
        open[stream].text += part;
        if (index < parts.length - 1 || open[stream].text.length >= MOST_LINE_LENGTH) endLine(stream);
      }
      flush();
    },
    end() {
      endOpen("stdout");
      endOpen("stderr");
      flush();
    },
  };
}
