import { placeOf, readExtent } from "../../src/store/output-layout.ts";

/** A stream's file as a whole, for files that fit in the head: its beginning, how much is missing, its end. */
export function readLayout(
  file: Buffer,
  limitBytes: number,
): { head: Buffer; droppedBytes: number; tail: Buffer } {
  const { headEnd, tailFrom, end } = readExtent(file.length, file.subarray(limitBytes), limitBytes);
  const places = Array.from(
    { length: end - tailFrom },
    (_, index) => placeOf(tailFrom + index, limitBytes).position,
  );
  return {
    head: file.subarray(0, headEnd),
    droppedBytes: tailFrom - headEnd,
    tail: Buffer.from(places.map((position) => file[position] ?? 0)),
  };
}
