import { quoteArgv } from "./shell-quote.ts";

/** What stands in a command for the value of each member of an array. */
const PLACEHOLDER = "{}";

/** True when a word asks for its member's value. */
export function hasPlaceholder(text: string): boolean {
  return text.includes(PLACEHOLDER);
}

/** True when a shell text does, and not only in a comment. */
export function hasShellPlaceholder(text: string): boolean {
  return [...findPlaceholders(text)].some((where) => where !== COMMENT);
}

const COMMENT = "in a comment";

/** The words of a command for one member: the value as it is. */
export function fillWords(words: readonly string[], value: string): string[] {
  return words.map((word) => word.replaceAll(PLACEHOLDER, () => value));
}

/** The shell text for one member, in which the value is one word, whatever it holds: see `findUnsafePlaceholder`. */
export function fillShellText(text: string, value: string): string {
  const word = quoteArgv([value]);
  return text.replaceAll(PLACEHOLDER, () => word);
}

/** Where a shell reads quotes in another way than between words. */
const OTHER_RULES: readonly [sign: string, where: string][] = [
  ["`", "in a command with backticks"],
  ["<<", "in a command with a here-document"],
  ["((", "in a command with arithmetic"],
  ["$'", "in a command with $'…'"],
];

/**
 * Why a quoted value would not stay one word of this shell text; null when it will. Danger: within quotes of the text ours
 * would end them, and the shell would run what the value holds. So whatever is not plainly safe is named.
 */
export function findUnsafePlaceholder(text: string): string | null {
  if (!hasPlaceholder(text)) return null;
  const other = OTHER_RULES.find(([sign]) => text.includes(sign));
  if (other) return other[1];
  for (const where of findPlaceholders(text)) if (where !== null && where !== COMMENT) return where;
  return null;
}

/** Where each of them stands in a shell text; null between words. */
function* findPlaceholders(text: string): Generator<string | null> {
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (text.startsWith(PLACEHOLDER, at)) {
      yield quote === "" ? null : `within ${quote}…${quote}`;
    } else if (char === "\\" && quote !== "'") {
      at += 1;
      if (text.startsWith(PLACEHOLDER, at)) yield "behind a backslash";
    } else if (char === quote) {
      quote = "";
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
    } else if (quote === "" && char === "#" && /^$|[\s;&|()]/.test(text.charAt(at - 1))) {
      // Its quotes open nothing.
      const end = text.indexOf("\n", at);
      if (hasPlaceholder(text.slice(at, end === -1 ? undefined : end))) yield COMMENT;
      at = end === -1 ? text.length : end;
    }
  }
}
