import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, type TestContext, test } from "vitest";

/**
 * One row of the fault table. The suite runs in three sizes, by `FAULTS_SCALE`: 1 is the row's full target, 0.1 what
 * `npm run test:faults` does, and a fiftieth what stands in every `npm test`, so that no row can rot unseen.
 */
export interface FaultRow {
  /** As in the table of docs/explanation/delivery-guarantees.md. */
  row: string;
  /** What is to be reached at full size, as the table says it. */
  target: string;
  /** Programs and files that must be there, and `root` for its rights; without one the row fails, unless `FAULTS_EXCUSE` names it. */
  needs?: readonly string[];
  /** At any size, at least so long is allowed; more for larger sizes. */
  limitMs?: number;
}

/** What a row is given. */
export interface FaultRun {
  /** So many of the full number at the size of this run; never less than `least`. */
  rounds(full: number, least?: number): number;
  /** In [0, 1); from the seed, so that a failure can be had again. */
  random(): number;
  /** The same in another order; from the seed too. */
  shuffle<T>(list: readonly T[]): T[];
  /** What was seen, for the table: counts, times, sizes. */
  record(figure: string): void;
}

declare module "vitest" {
  interface TaskMeta {
    fault?: { row: string; target: string; scale: number; seed: number; figures: string[] };
  }
}

const QUICK = 0.02;

const SCALE: number = Number(process.env["FAULTS_SCALE"] || QUICK);

/** A row as a test: its title is a sentence, its figures go into the table that the run ends with. */
export function fault(title: string, row: FaultRow, body: (run: FaultRun) => Promise<void>): void {
  const limitMs = (row.limitMs ?? 120_000) * Math.max(1, SCALE * 20);
  test(`${row.row}: ${title}`, { timeout: limitMs }, async (context) => {
    requirePrograms(row.needs ?? [], context);
    const seed = Number(process.env["FAULTS_SEED"] || Math.floor(Math.random() * 2 ** 31));
    const meta = { row: row.row, target: row.target, scale: SCALE, seed, figures: [] as string[] };
    context.task.meta.fault = meta;
    context.onTestFailed(() => {
      process.stderr.write(`Row ${row.row} failed; again: FAULTS_SEED=${seed} FAULTS_SCALE=${SCALE}\n`);
    });
    const random = randomFrom(seed);
    await body({
      rounds: (full, least = 1) => Math.max(least, Math.round(full * SCALE)),
      random,
      shuffle: (list) => shuffle(list, random),
      record: (figure) => meta.figures.push(figure),
    });
  });
}

function requirePrograms(programs: readonly string[], context: TestContext): void {
  const excused = (process.env["FAULTS_EXCUSE"] ?? "").split(",");
  for (const program of programs) {
    if (isThere(program)) continue;
    if (excused.includes(program)) context.skip(`${program} is not there, and is excused`);
    throw new Error(`This row needs ${program}. Provide it, or say FAULTS_EXCUSE=${program}`);
  }
}

function isThere(need: string): boolean {
  if (need === "root") return process.getuid?.() === 0;
  return need.startsWith("/") ? existsSync(need) : isInstalled(need);
}

function isInstalled(program: string): boolean {
  try {
    execFileSync("/bin/sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Mulberry32: small, even enough for choosing victims, the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher and Yates. */
function shuffle<T>(list: readonly T[], random: () => number): T[] {
  const left = [...list];
  return list.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

/** The row's own target in time, where the run is of full size; a smaller one stands among other tests on a busy machine. */
export function expectOnTarget(tookMs: number, targetMs: number): void {
  if (SCALE >= 1) expect(tookMs).toBeLessThanOrEqual(targetMs);
}

/** Smallest, median, 99th percentile and largest of some times in milliseconds. */
export function times(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms (n = ${sorted.length})`;
}
