import { FLATTEN, MAX_DEPTH, MAX_LEXEMES, SPLIT, TOO_DEEP, TOO_DENSE } from "./located.ts";

/** A text that is shorter is parsed quickly, however it is made. */
const SHORT = 10_000;

/** The lexer's own signs, which stand in no text: a document, a plain text, an error. */
const SIGNS: readonly string[] = ["\u0002", "\u001f", "\u0018"];
const PLAIN_TEXT_FOLLOWS = "\u001f";

/** What a text has more of than any flow, and from where on. */
export interface Excess {
  offset: number;
  message: string;
  hint: string;
}

/**
 * Where a long text opens more, in brackets or on one line, than any flow has, or holds more words and signs. Looked for
 * before it is parsed, which costs several times as much for each of them: of a megabyte of brackets the parser makes all
 * the values before it says that they are too deep, and of a megabyte of anchors as many errors.
 * @param lex takes the text apart, as it is read
 * @returns undefined where there is none
 */
export function findExcess(text: string, lex: (text: string) => Iterable<string>): Excess | undefined {
  if (text.length < SHORT) return undefined;
  let offset = 0;
  let lexemes = 0;
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
    if (brackets + marksOfLine > MAX_DEPTH) return { offset, message: TOO_DEEP, hint: FLATTEN };
    isText = lexeme === PLAIN_TEXT_FOLLOWS;
    if (SIGNS.includes(lexeme)) continue;
    lexemes += 1;
    if (lexemes > MAX_LEXEMES) return { offset, message: TOO_DENSE, hint: SPLIT };
    offset += lexeme.length;
  }
  return undefined;
}
