import { fold } from "./wrap.ts";

/** Names and values; what was never set is null, and not shown. */
export type Facts = [name: string, value: string | null][];

const SEPARATOR = " : ";

/** A line for each fact, the values below each other, and more where one has no room beside its name. */
export function renderFacts(facts: Facts, columns: number = Number.POSITIVE_INFINITY): string[] {
  const known = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  const indent = " ".repeat(width + SEPARATOR.length);
  return known.map(([name, value]) =>
    [name.padEnd(width) + SEPARATOR, fold(value, columns - indent.length).join(`\n${indent}`)].join(""),
  );
}
