/**
 * Whether a command printed what its document shows. Design note:
 *
 * What differs from run to run is replaced on both sides by a word that names it, and nothing else: instants, ages,
 * measured durations and what they cost, process ids, worker ids, generated job ids. Columns move with the width of what stands in them,
 * so two or more spaces count as two. In a document `…` stands for any text within a line, and alone on a line for any
 * number of lines.
 */
const BLURS: readonly [pattern: RegExp, name: string][] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "INSTANT"],
  [/\b\d+[smhd] ago\b|\bin \d+[smhd]\b|\bnow\b/g, "AGO"],
  // Where there is no native launcher, nobody can tell what it cost.
  [
    /\btook [\d.]+ (ms|s|min|h|d)( \d+ (s|min|h))?(, [\d.]+ \w+ of CPU, at most [\d.]+ \w+ in memory)?/g,
    "took TIME",
  ],
  [/\b(PIDs?: )\d+(, \d+)*/g, "$1PID"],
  [/\bw-[0-9a-z]{6} {2,}\d+\b/g, "WORKER  PID"],
  [/\bw-[0-9a-z]{6}\b/g, "WORKER"],
  // Ten characters of the alphabet of ids; a word of ten letters that happens to fit is still compared, as an ID.
  [/\b[0-9abcdefghjkmnpqrstvwxyz]{10}\b/g, "ID"],
  [/ {2,}/g, "  "],
  [/ +$/g, ""],
];

/** The line with everything that may differ replaced by its name. */
function blur(line: string): string {
  return BLURS.reduce((text, [pattern, name]) => text.replace(pattern, name), line);
}

/** True when the printed lines are the shown ones. */
export function matches(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return printed.length === 0;
  if (first.trim() === "…")
    return printed.some((_, at) => matches(rest, printed.slice(at))) || rest.length === 0;
  const [line, ...more] = printed;
  return line !== undefined && lineMatches(first, line) && matches(rest, more);
}

function lineMatches(shown: string, printed: string): boolean {
  const pattern = blur(shown).split("…").map(RegExp.escape).join(".*");
  return new RegExp(`^${pattern}$`, "u").test(blur(printed));
}
