/** Names and values; what was never set is null, and not shown. */
export type Facts = [name: string, value: string | null][];

/** A line for each fact, the values below each other. */
export function renderFacts(facts: Facts): string[] {
  const known = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)} : ${value}`);
}
