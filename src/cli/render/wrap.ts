import { textWidth } from "./text-width.ts";

/** How wide lines may be: a terminal's width, and as wide as they are in a pipe. */
export function widthOf({ isTerminal, columns }: { isTerminal: boolean; columns: number }): number {
  return isTerminal ? columns : Number.POSITIVE_INFINITY;
}

/** The lines of a paragraph, none wider than `width`, cut between words; a word that is wider stands alone. */
export function wrap(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The same, and a word that is wider is cut, too: no line is wider. */
export function fold(paragraph: string, width: number): string[] {
  return wrap(paragraph, width).flatMap((line) => {
    if (textWidth(line) <= width) return [line];
    const lines = [""];
    for (const { segment } of new Intl.Segmenter().segment(line)) {
      const last = lines.at(-1) ?? "";
      if (last === "" || textWidth(last + segment) <= width) lines[lines.length - 1] = last + segment;
      else lines.push(segment);
    }
    return withoutLoneSign(lines);
  });
}

/** A sign that ends a long word does not stand alone on the line below: the last character goes along with it. */
function withoutLoneSign(lines: string[]): string[] {
  const last = lines.at(-1) ?? "";
  const before = lines.at(-2) ?? "";
  if (!/^[.,:;]$/.test(last) || before.length < 2) return lines;
  const segments = [...new Intl.Segmenter().segment(before)].map(({ segment }) => segment);
  const moved = segments.pop() ?? "";
  return [...lines.slice(0, -2), segments.join(""), moved + last];
}

/** A text of several lines, each folded. */
export function foldLines(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((line) => fold(line, width))
    .join("\n");
}

const MARGIN = "  ";
const GAP = "  ";

/** A name wider than this has its sentence below it. */
const WIDEST_NAME = 30;

/** A sentence is not squeezed into less than this, however narrow the terminal. */
const NARROWEST_SENTENCE = 24;

/** Names and what they mean. */
export type Definitions = readonly (readonly [name: string, sentence: string])[];

/**
 * Names on the left, what they mean beside them, wrapped within its own column.
 * @param among the rows of the whole page, when these are to stand in line with others
 */
export function renderDefinitions(rows: Definitions, width: number, among: Definitions = rows): string {
  const widths = among.map(([name]) => textWidth(name));
  const left = Math.max(0, ...widths.filter((each) => each <= WIDEST_NAME));
  const indent = " ".repeat(MARGIN.length + left + GAP.length);
  const right = Math.max(NARROWEST_SENTENCE, width - indent.length);
  return rows
    .map(([name, sentence]) => {
      const lines = wrap(sentence, right).join(`\n${indent}`);
      const spare = left - textWidth(name);
      const between = spare < 0 ? `\n${indent}` : " ".repeat(spare) + GAP;
      return `${MARGIN}${name}${between}${lines}\n`;
    })
    .join("");
}
