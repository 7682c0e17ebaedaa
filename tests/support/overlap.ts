/** One run of a job, as it has noted itself: instants in any one unit. */
export interface Interval {
  start: number;
  end: number;
}

/** How many of these were under way at once, at most. One that ends in the very instant in which another starts is over. */
export function mostAtOnce(intervals: readonly Interval[]): number {
  const steps = intervals
    .flatMap(({ start, end }) => [
      { at: start, by: 1 },
      { at: end, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let current = 0;
  return steps.reduce((most, { by }) => {
    current += by;
    return Math.max(most, current);
  }, 0);
}

/** How many of these instants fall into one window of a length, at most; one at its end is in the next. */
export function mostInWindow(instants: readonly number[], length: number): number {
  const sorted = instants.toSorted((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, index) => {
    while ((sorted[from] ?? at) <= at - length) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}
