import fc from "fast-check";
import { expect, test } from "vitest";
import { unfinishedBytes, WholeCharacters } from "./whole-characters.ts";

/** A text with characters of every length, and the places at which its bytes are cut. */
const cutText = fc
  .string({ unit: fc.constantFrom("a", "\n", "é", "€", "🍅", "\u0301"), minLength: 1, maxLength: 40 })
  .chain((text) => {
    const bytes = Buffer.from(text);
    const places = fc.array(fc.nat(bytes.length), { maxLength: 12 });
    return fc.record({ bytes: fc.constant(bytes), cuts: places.map((all) => all.toSorted((a, b) => a - b)) });
  });

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

/** Each piece is decoded by itself: a character that was cut would show. */
const textOf = (pieces: readonly Buffer[]) => pieces.map((piece) => piece.toString("utf8")).join("");

test("a text that is cut anywhere comes in whole characters, and nothing of it is lost", () => {
  fc.assert(
    fc.property(cutText, ({ bytes, cuts }) => {
      const whole = new WholeCharacters();
      const pieces = cut(bytes, cuts).map((piece) => whole.push(piece).bytes);
      expect(textOf(pieces)).toBe(bytes.toString("utf8"));
      expect(whole.end()).toEqual({ bytes: Buffer.alloc(0), droppedBefore: 0 });
    }),
    { numRuns: 1_000 },
  );
});

test("where something is missing, half a character is missing too, and every byte is counted", () => {
  const arbitrary = fc.tuple(cutText, fc.infiniteStream(fc.boolean()));
  fc.assert(
    fc.property(arbitrary, ([{ bytes, cuts }, isKept]) => {
      const whole = new WholeCharacters();
      const pieces: Buffer[] = [];
      let missing = 0;
      let dropped = 0;
      for (const piece of cut(bytes, cuts)) {
        if (piece.length === 0) continue;
        if (!isKept.next().value) {
          missing += piece.length;
          continue;
        }
        const out = whole.push(piece, missing);
        missing = 0;
        pieces.push(out.bytes);
        dropped += out.droppedBefore;
      }
      const rest = whole.end();
      dropped += rest.droppedBefore;
      const complete = rest.bytes.subarray(0, rest.bytes.length - unfinishedBytes(rest.bytes));
      expect(textOf([...pieces, complete])).not.toContain("\ufffd");
      const given = Buffer.concat([...pieces, rest.bytes]).length;
      expect(given + dropped + missing).toBe(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});

test("bytes that are no UTF-8 pass as they are", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 8 }), (pieces) => {
      const whole = new WholeCharacters();
      const out = pieces.map((piece) => whole.push(Buffer.from(piece)).bytes);
      expect(Buffer.concat([...out, whole.end().bytes])).toEqual(Buffer.concat(pieces));
    }),
    { numRuns: 1_000 },
  );
});
