import type { OutputPiece, StreamName } from "../../queue/read-output.ts";

export interface OutputLine {
  stream: StreamName;
  /** Without its line break. */
  text: string;
  /** When its first byte arrived. */
  at: number;
}

/** Decodes each stream on its own: a character may be cut by a piece of the other. A byte order mark is kept. */
export function streamDecoders(): Record<StreamName, InstanceType<typeof TextDecoder>> {
  const decoder = () => new TextDecoder("utf-8", { ignoreBOM: true });
  return { stdout: decoder(), stderr: decoder() };
}

/** Pieces as whole lines, in the order in which the lines were completed. What is missing ends a line. */
export function toLines(pieces: readonly OutputPiece[]): OutputLine[] {
  const lines: OutputLine[] = [];
  const decoders = streamDecoders();
  const open: Record<StreamName, OutputLine> = {
    stdout: { stream: "stdout", text: "", at: 0 },
    stderr: { stream: "stderr", text: "", at: 0 },
  };
  const end = (line: OutputLine) => {
    line.text += decoders[line.stream].decode();
    if (line.text !== "") lines.push({ ...line });
    line.text = "";
  };
  for (const { stream, bytes, at, droppedBefore } of pieces) {
    const line = open[stream];
    if (droppedBefore > 0) end(line);
    const parts = decoders[stream].decode(bytes, { stream: true }).split("\n");
    for (const [index, part] of parts.entries()) {
      if (line.text === "") line.at = at;
      line.text += part;
      if (index === parts.length - 1) break;
      lines.push({ ...line });
      line.text = "";
    }
  }
  for (const line of Object.values(open)) end(line);
  return lines;
}

/** Pieces of one stream that follow each other without a gap as one, so that no escape sequence is cut in two. */
export function joinNeighbours(pieces: readonly OutputPiece[]): OutputPiece[] {
  const runs: OutputPiece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run && run[0]?.stream === piece.stream && piece.droppedBefore === 0) run.push(piece);
    else runs.push([piece]);
  }
  return runs.flatMap((run) => {
    const [first] = run;
    return first ? [{ ...first, bytes: Buffer.concat(run.map(({ bytes }) => bytes)) }] : [];
  });
}

const NEWLINE = 0x0a;

/** The pieces that hold the last `most` lines; all of them when `most` is undefined. */
export function keepLastLines(pieces: readonly OutputPiece[], most: number | undefined): OutputPiece[] {
  if (most === undefined) return [...pieces];
  const kept: OutputPiece[] = [];
  let missing = most;
  for (const piece of pieces.toReversed()) {
    if (missing <= 0) break;
    const end =
      kept.length === 0 && piece.bytes.at(-1) === NEWLINE ? piece.bytes.length - 1 : piece.bytes.length;
    let from = end;
    while (missing > 0 && from > 0) {
      from = piece.bytes.subarray(0, from).lastIndexOf(NEWLINE);
      missing -= 1;
      if (from === -1) {
        // The line began in an earlier piece, or here: it is not complete yet either way.
        missing += 1;
        break;
      }
    }
    const start = missing > 0 ? 0 : from + 1;
    const bytes = piece.bytes.subarray(start);
    if (bytes.length > 0)
      kept.unshift({ ...piece, bytes, droppedBefore: start > 0 ? 0 : piece.droppedBefore });
  }
  return kept;
}
