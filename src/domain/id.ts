/** 32 characters without i, l, o and u: an id read aloud or typed from a screen stays what it was. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** The rule for job ids and queue names, as a sentence's end. */
export const ID_RULE: string =
  "letters, digits, dot, underscore, colon or hyphen, 1 to 128 of them, the first a letter or digit";

/** The shortest prefix that may stand for an id in the verbs that only read. */
export const MIN_PREFIX_LENGTH = 4;

/** How many random bytes `idFromRandomBytes` takes for a job's id (50 bits). */
export const JOB_ID_LENGTH = 10;

/** True for a text that may be a job's id or a queue's name. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** One character of the id alphabet per byte; uniform, since 256 is a multiple of 32. */
export function idFromRandomBytes(bytes: Uint8Array): string {
  let id = "";
  for (const byte of bytes) id += ALPHABET[byte & 31];
  return id;
}
