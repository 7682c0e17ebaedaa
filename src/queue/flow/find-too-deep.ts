import { MAX_DEPTH } from "./located.ts";

/** A text that is shorter is parsed quickly, however it is nested. */
const SHORT = 10_000;

/** The lexer's own signs, which stand in no text: a document, a plain text, an error. */
const SIGNS: readonly string[] = ["\u0002", "\u001f", "\u0018"];
const PLAIN_TEXT_FOLLOWS = "\u001f";

/**
 * Where a long text opens more, in brackets or on one line, than any flow has. Looked for before it is parsed: of a megabyte
 * of brackets the parser makes all the values before it says that they are too deep, which takes many seconds.
 * @param lex takes the text apart, as it is read
 * @returns an offset; undefined where there is none
 */
export function findTooDeep(text: string, lex: (text: string) => Iterable<string>): number | undefined {
  if (text.length < SHORT) return undefined;
  let offset = 0;
  let brackets = 0;
  let marksOfLine = 0;
  let isText = false;
  for (const lexeme of lex(text)) {
    if (!isText) {
      if (lexeme === "[" || lexeme === "{") brackets += 1;
      else if (lexeme === "]" || lexeme === "}") brackets = Math.max(0, brackets - 1);
      else if (lexeme.endsWith("\n")) marksOfLine = 0;
      else if (brackets === 0 && /^[-?:]$/.test(lexeme)) marksOfLine += 1;
    }
    if (brackets + marksOfLine > MAX_DEPTH) return offset;
    isText = lexeme === PLAIN_TEXT_FOLLOWS;
    if (!SIGNS.includes(lexeme)) offset += lexeme.length;
  }
  return undefined;
}
