import { eastAsianWidth } from "get-east-asian-width";

/** An emoji presentation asked for: two columns, whatever the character was before. */
const VARIATION_SELECTOR_16 = "\ufe0f";

/**
 * How many columns a text takes: by grapheme, since an emoji family is one. Not `string-width`: its regular expression
 * over Unicode properties is checked when the bundle is parsed, which cost 20 ms of every command.
 */
export function textWidth(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Cuts at a whole character, with an ellipsis in the last column. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = "";
  let used = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return `${cut}…`;
}

function graphemeWidth(grapheme: string): number {
  if (grapheme.includes(VARIATION_SELECTOR_16)) return 2;
  return eastAsianWidth(grapheme.codePointAt(0) ?? 0);
}

function isPlainAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7e) return false;
  return true;
}
