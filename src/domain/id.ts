/** 32 characters without i, l, o and u: an id read aloud or typed from a screen stays what it was. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

export const ID_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export const MAX_ID_LENGTH = 128;

/** The rule for job ids and queue names, as a sentence's end. */
export const ID_RULE: string =
  "letters, digits, dot, underscore, colon or hyphen, 1 to 128 of them, the first a letter or digit";

/** The shortest prefix that may stand for an id in the verbs that only read. */
export const MIN_PREFIX_LENGTH = 4;

/** 50 bits. */
export const JOB_ID_LENGTH = 10;

/** True for a text that may be a job's id or a queue's name. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/**
 * A new name. Not a secret: what it has to be is unlikely to be taken, and the store refuses it if it is. So any even
 * source will do; `node:crypto` alone would be a tenth of an enqueue's time.
 * @param random gives numbers in [0, 1)
 */
export function randomId(length: number, random: () => number): string {
  let id = "";
  for (let count = 0; count < length; count++) id += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return id;
}
