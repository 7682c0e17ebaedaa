/** No character of UTF-8 has more bytes behind its first. */
const MOST_CONTINUATIONS = 3;

/**
 * Hands on the bytes of one stream so that no character is cut, at whatever places they were: what begins one waits for
 * its end, and where bytes are missing, the halves of the characters on both sides count as missing too. Bytes that are
 * no UTF-8 pass as they are.
 */
export class WholeCharacters {
  #held: Buffer = Buffer.alloc(0);
  /** How many bytes at the beginning of the next piece may still belong to a character that is missing. */
  #stray = 0;
  #dropped = 0;

  /** @param missing how many bytes are missing before these */
  push(bytes: Buffer, missing = 0): { bytes: Buffer; droppedBefore: number } {
    if (missing > 0) {
      this.#dropped += missing + this.#held.length;
      this.#held = Buffer.alloc(0);
      this.#stray = MOST_CONTINUATIONS;
    }
    const stray = this.#strayAt(bytes);
    this.#dropped += stray;
    const whole = this.#held.length === 0 ? bytes.subarray(stray) : Buffer.concat([this.#held, bytes]);
    const end = whole.length - unfinishedBytes(whole);
    // A copy: a view would keep the whole piece alive.
    this.#held = Buffer.from(whole.subarray(end));
    const droppedBefore = end > 0 ? this.#dropped : 0;
    if (end > 0) this.#dropped = 0;
    return { bytes: whole.subarray(0, end), droppedBefore };
  }

  /** What waits for an end that does not come: the stream itself ends in the middle of a character. */
  end(): { bytes: Buffer; droppedBefore: number } {
    const ended = { bytes: this.#held, droppedBefore: this.#dropped };
    this.#held = Buffer.alloc(0);
    this.#dropped = 0;
    return ended;
  }

  #strayAt(bytes: Buffer): number {
    let count = 0;
    while (count < this.#stray && count < bytes.length && isContinuation(bytes[count])) count += 1;
    this.#stray = count === bytes.length ? this.#stray - count : 0;
    return count;
  }
}

/** How many bytes at the end are the beginning of a character that is not complete. */
export function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(MOST_CONTINUATIONS, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (!isContinuation(byte)) return lengthByFirst(byte) > back ? back : 0;
  }
  return 0;
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

/** RFC 3629, section 4; 1 for a byte that can begin nothing longer. */
function lengthByFirst(byte = 0): number {
  if (byte >= 0xc2 && byte <= 0xdf) return 2;
  if (byte >= 0xe0 && byte <= 0xef) return 3;
  return byte >= 0xf0 && byte <= 0xf4 ? 4 : 1;
}
