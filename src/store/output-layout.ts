/**
 * How the output of one stream stands in its file, when it was too much for the execution's row. With a cap of L bytes:
 *
 *     [ head: the first H = floor(L / 2) bytes ][ ring: the last T = L - H bytes, written round and round ][ total ]
 *
 * The file never grows beyond the cap and the eight bytes of the running total (big-endian), which are there only once
 * the ring has been overwritten: readers of a job that still runs need them to know where the ring begins.
 */

/** Up to so many bytes of each stream stand in the execution's row; of longer streams, the last so many. */
export const KEPT_IN_ROW_BYTES = 8_192;

const TOTAL_BYTES = 8;

/** The bytes that the end of a capped stream may take in the row: never more than the cap keeps. */
export function tailBytes(limitBytes: number): number {
  return Math.min(KEPT_IN_ROW_BYTES, ringSize(limitBytes));
}

/** Some bytes and where in the file they go. */
export interface FilePiece {
  position: number;
  bytes: Buffer;
}

/** Where the bytes that begin at `offset` of the stream are to be written. */
export function filePieces(write: { offset: number; bytes: Buffer; limitBytes: number }): FilePiece[] {
  const head = headSize(write.limitBytes);
  const ring = ringSize(write.limitBytes);
  const pieces: FilePiece[] = [];
  const end = write.offset + write.bytes.length;
  const inHead = Math.max(0, Math.min(head - write.offset, write.bytes.length));
  if (inHead > 0) pieces.push({ position: write.offset, bytes: write.bytes.subarray(0, inHead) });
  // What a later byte of the same write would overwrite need not be written.
  let offset = Math.max(write.offset + inHead, end - ring);
  while (offset < end) {
    const place = (offset - head) % ring;
    const length = Math.min(end - offset, ring - place);
    const from = offset - write.offset;
    pieces.push({ position: head + place, bytes: write.bytes.subarray(from, from + length) });
    offset += length;
  }
  if (end > write.limitBytes) pieces.push({ position: write.limitBytes, bytes: encodeTotal(end) });
  return pieces;
}

/** A stream as it can be shown: its beginning, how much is missing, its end. */
export interface StoredOutput {
  head: Buffer;
  droppedBytes: number;
  tail: Buffer;
}

/** Reads a file's content back. */
export function readLayout(file: Buffer, limitBytes: number): StoredOutput {
  // A reader may come between the last byte of the ring and the total behind it.
  const isWrapped = file.length >= limitBytes + TOTAL_BYTES;
  const total = isWrapped ? Number(file.readBigUInt64BE(limitBytes)) : Math.min(file.length, limitBytes);
  if (total <= limitBytes)
    return { head: file.subarray(0, limitBytes), droppedBytes: 0, tail: Buffer.alloc(0) };
  const head = headSize(limitBytes);
  const begin = (total - head) % ringSize(limitBytes);
  const ring = file.subarray(head, limitBytes);
  return {
    head: file.subarray(0, head),
    droppedBytes: total - limitBytes,
    tail: Buffer.concat([ring.subarray(begin), ring.subarray(0, begin)]),
  };
}

function headSize(limitBytes: number): number {
  return Math.floor(limitBytes / 2);
}

function ringSize(limitBytes: number): number {
  return limitBytes - headSize(limitBytes);
}

function encodeTotal(total: number): Buffer {
  const bytes = Buffer.alloc(TOTAL_BYTES);
  bytes.writeBigUInt64BE(BigInt(total));
  return bytes;
}
