import type { OutputPiece, StreamName } from "../../queue/read-output.ts";

export interface OutputLine {
  stream: StreamName;
  /** Without its line break. */
  text: string;
  /** When its first byte arrived. */
  at: number;
}

/** Pieces as whole lines, in the order in which the lines were completed. */
export function toLines(pieces: readonly OutputPiece[]): OutputLine[] {
  const lines: OutputLine[] = [];
  const open: Record<StreamName, OutputLine & { decoder: InstanceType<typeof TextDecoder> }> = {
    stdout: { stream: "stdout", text: "", at: 0, decoder: new TextDecoder() },
    stderr: { stream: "stderr", text: "", at: 0, decoder: new TextDecoder() },
  };
  for (const { stream, bytes, at } of pieces) {
    const line = open[stream];
    const parts = line.decoder.decode(bytes, { stream: true }).split("\n");
    for (const [index, part] of parts.entries()) {
      if (line.text === "") line.at = at;
      line.text += part;
      if (index === parts.length - 1) break;
      lines.push({ stream, text: line.text, at: line.at });
      line.text = "";
    }
  }
  for (const { stream, text, at } of Object.values(open)) if (text !== "") lines.push({ stream, text, at });
  return lines;
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
    kept.unshift({
      ...piece,
      bytes: piece.bytes.subarray(start),
      droppedBefore: start > 0 ? 0 : piece.droppedBefore,
    });
  }
  return kept;
}
