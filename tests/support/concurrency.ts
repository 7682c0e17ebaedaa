import { readFileSync } from "node:fs";

/**
 * How many jobs were at work at once, by a file to which each appends a line with `+` when it begins and one with `-` when
 * it ends: lines that short are never torn.
 */
export function concurrencyIn(path: string): { most: number; marks: number } {
  const marks = readFileSync(path, "utf8").trimEnd().split("\n");
  let running = 0;
  let most = 0;
  for (const mark of marks) {
    running += mark.startsWith("+") ? 1 : -1;
    most = Math.max(most, running);
  }
  return { most, marks: marks.length };
}
