import { describeValue } from "./describe.ts";
import { type ErrorDetails, QueuectlError } from "./errors.ts";
import type { Rate } from "./gate.ts";

/** The store remembers as many starts of a queue as its rate counts. */
const MOST_STARTS = 100_000;

/** The largest first, each as `formatRate` writes it, with other words for it. */
const PERIODS: readonly { name: string; ms: number; others: readonly string[] }[] = [
  { name: "d", ms: 86_400_000, others: ["day"] },
  { name: "h", ms: 3_600_000, others: ["hour"] },
  { name: "min", ms: 60_000, others: ["m", "minute"] },
  { name: "s", ms: 1_000, others: ["sec", "second"] },
  { name: "ms", ms: 1, others: [] },
];

const LONGEST_PERIOD_MS = 86_400_000;

const LOOKS_LIKE = "Write it like this: 5/s, 100/min, 1000/h, 10/30s";

/**
 * Reads `100/min`, `5/s`, `1000/h`, `10/30s`: so many starts in a period.
 * @throws invalid_queue naming the part that is wrong
 */
export function parseRate(text: string): Rate {
  const [starts = "", period = "", ...more] = text.split("/").map((part) => part.trim());
  if (more.length > 0) throw refuse(text, "it has more than one slash");
  return { starts: parseStarts(text, starts), periodMs: parsePeriod(text, period) };
}

function parseStarts(rate: string, text: string): number {
  const part = `the number of starts, ${describeValue(text)},`;
  if (!/^\d+$/.test(text)) {
    const hint = /^\d*\.\d+$/.test(text) ? "Count over a longer period: 3/2s is 1.5 a second." : LOOKS_LIKE;
    throw refuse(rate, `${part} is no whole number`, { hint });
  }
  const starts = Number(text);
  if (starts === 0) throw refuse(rate, `${part} is 0`, { refusal: { kind: "zero_limit", queue: null } });
  if (starts > MOST_STARTS)
    throw refuse(rate, `${part} is above ${MOST_STARTS}`, { hint: "Count over a shorter period." });
  return starts;
}

function parsePeriod(rate: string, text: string): number {
  if (text === "") throw refuse(rate, "the period is missing");
  const part = `the period, ${describeValue(text)},`;
  const [, count, word] = /^(\d*)\s*([a-z]+)$/.exec(text) ?? [];
  const unit = PERIODS.find(({ name, others }) => name === word || others.includes(word ?? ""));
  if (count === undefined || !unit) throw refuse(rate, `${part} is no whole number of ms, s, min, h or d`);
  const periodMs = unit.ms * (count === "" ? 1 : Number(count));
  if (periodMs === 0) throw refuse(rate, `${part} is 0`);
  if (periodMs > LONGEST_PERIOD_MS)
    throw refuse(rate, `${part} is longer than a day`, { hint: "Count over a shorter period." });
  return periodMs;
}

/**
 * The times of a queue's newest starts, and before them the latest that those can have been whose times are forgotten: a rate
 * held, so each was a period before the one that came so many starts later, and no later than the next. Who changes a rate so
 * never sees the new one exceeded for what the old one had no need to know.
 * @param kept oldest first, at least as many as the rate counts
 * @param count of how many there are to be times
 */
export function boundForgotten(
  kept: readonly number[],
  { starts, periodMs }: Rate,
  count: number,
): readonly number[] {
  const newestFirst = kept.toReversed();
  while (newestFirst.length < count) {
    const [next, aPeriodLater] = [newestFirst.at(-1), newestFirst.at(-starts)] as [number, number];
    newestFirst.push(Math.min(next, aPeriodLater - periodMs));
  }
  return newestFirst.reverse();
}

/** Writes a rate as `parseRate` reads it, in the largest unit that is exact. */
export function formatRate({ starts, periodMs }: Rate): string {
  const { name, ms } = PERIODS.find((unit) => periodMs % unit.ms === 0) ?? { name: "ms", ms: 1 };
  const count = periodMs / ms;
  return `${starts}/${count === 1 ? "" : count}${name}`;
}

function refuse(rate: string, why: string, details: ErrorDetails = { hint: LOOKS_LIKE }): QueuectlError {
  return new QueuectlError(
    "invalid_queue",
    `The rate ${describeValue(rate)} is not allowed: ${why}`,
    details,
  );
}
