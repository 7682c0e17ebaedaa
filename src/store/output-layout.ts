/**
 * How the output of one stream stands in its file, when it was too much for the execution's row. With a cap of L bytes:
 *
 *     [ head: the first H = floor(L / 2) bytes ][ ring: the last T = L - H bytes, written round and round ][ begun ][ done ]
 *
 * The file never grows beyond the cap and the two totals (eight bytes each, big-endian), which are there only once the
 * ring is being overwritten. Readers of a job that still runs go by them: up to `done` all bytes are in their places, and
 * what stood in the places of the bytes from `done` to `begun` may be overwritten already.
 */

/** Up to so many bytes of each stream stand in the execution's row; of longer streams, the last so many. */
export const KEPT_IN_ROW_BYTES = 8_192;

/** The totals behind the ring. */
export const TRAILER_BYTES = 16;

/** The bytes that the end of a capped stream may take in the row: never more than the cap keeps. */
export function tailBytes(limitBytes: number): number {
  return Math.min(KEPT_IN_ROW_BYTES, ringSize(limitBytes));
}

/** Some bytes and where in the file they go. */
export interface FilePiece {
  position: number;
  bytes: Buffer;
}

/** Where the bytes that begin at `offset` of the stream are to be written. In this order: a reader may come in between. */
export function filePieces(write: { offset: number; bytes: Buffer; limitBytes: number }): FilePiece[] {
  const { bytes, limitBytes } = write;
  const end = write.offset + bytes.length;
  const pieces: FilePiece[] = [];
  const add = (from: number, to: number) => {
    for (let offset = from; offset < to; ) {
      const { position, length } = placeOf(offset, limitBytes);
      const next = Math.min(to, offset + length);
      pieces.push({ position, bytes: bytes.subarray(offset - write.offset, next - write.offset) });
      offset = next;
    }
  };
  if (end > limitBytes) pieces.push({ position: limitBytes, bytes: encodeTotals(end, write.offset) });
  const head = headSize(limitBytes);
  add(write.offset, Math.min(end, head));
  // What a later byte of the same write would overwrite need not be written.
  add(Math.max(write.offset, head, end - ringSize(limitBytes)), end);
  if (end > limitBytes) pieces.push({ position: limitBytes + TRAILER_BYTES / 2, bytes: encodeTotals(end) });
  return pieces;
}

/** Where a byte of the stream stands, and how many that follow it stand behind it. */
export function placeOf(offset: number, limitBytes: number): { position: number; length: number } {
  const head = headSize(limitBytes);
  if (offset < head) return { position: offset, length: head - offset };
  const ring = ringSize(limitBytes);
  const place = (offset - head) % ring;
  return { position: head + place, length: ring - place };
}

/** What is left of a stream: the bytes before `headEnd`, and those from `tailFrom` to `end`. In between they were dropped. */
export interface Extent {
  headEnd: number;
  tailFrom: number;
  end: number;
}

/** What a file holds, by its size and the bytes behind its cap. */
export function readExtent(fileBytes: number, trailer: Buffer, limitBytes: number): Extent {
  if (trailer.length < TRAILER_BYTES) {
    const end = Math.min(fileBytes, limitBytes);
    return { headEnd: end, tailFrom: end, end };
  }
  const begun = Number(trailer.readBigUInt64BE(0));
  const end = Number(trailer.readBigUInt64BE(8));
  const headEnd = Math.min(headSize(limitBytes), end);
  return { headEnd, tailFrom: Math.min(end, Math.max(headEnd, begun - ringSize(limitBytes))), end };
}

/** False for a stretch of which nothing would be in the file, now that the stream has come so far. */
export function isKept(
  { from, to }: { from: number; to: number },
  { totalBytes, limitBytes }: { totalBytes: number; limitBytes: number },
): boolean {
  return from < headSize(limitBytes) || to >= totalBytes - ringSize(limitBytes);
}

function headSize(limitBytes: number): number {
  return Math.floor(limitBytes / 2);
}

function ringSize(limitBytes: number): number {
  return limitBytes - headSize(limitBytes);
}

function encodeTotals(...totals: number[]): Buffer {
  const bytes = Buffer.alloc(8 * totals.length);
  for (const [index, total] of totals.entries()) bytes.writeBigUInt64BE(BigInt(total), 8 * index);
  return bytes;
}
