/** C0 and C1 controls, DEL, line separators, and the characters that reorder or hide text. */
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Text that someone else wrote, with everything that could move a cursor or hide a word made visible. One line. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, escapeCharacter);
}

/** SGR: colours and weights, which change nothing but looks. */
const COLOUR = /\u001b\[[0-9;:]*m/g;

/** Output of a job for a terminal: line breaks, tabs and colours pass, other controls are made visible. */
export function visibleOutput(text: string): string {
  let shown = "";
  let from = 0;
  for (const match of text.matchAll(COLOUR)) {
    shown += visibleLines(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return shown + visibleLines(text.slice(from));
}

/** The same among other text, or in a pipe: colours are left out, for they would run on into what follows. */
export function visibleWithoutColour(text: string): string {
  return visibleLines(text.replace(COLOUR, ""));
}

function visibleLines(text: string): string {
  return text.replace(INVISIBLE, (character) =>
    character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" };

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return SHORT[character] ?? (code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
