import { expect, test } from "vitest";
import { HeartbeatRecord } from "./heartbeat.ts";

const LEASE_MS = 15_000;

/** Beats at each of these instants. */
function beaten(...instants: number[]): HeartbeatRecord {
  const record = new HeartbeatRecord(LEASE_MS);
  for (const at of instants) record.succeeded(at);
  return record;
}

test("beats three times a lease, and after a failure soon again", () => {
  const record = beaten(0);
  expect(record.nextInMs).toBe(5_000);
  record.failed();
  expect(record.nextInMs).toBeLessThanOrEqual(500);
  record.succeeded(5_000);
  expect(record.nextInMs).toBe(5_000);
});

test("a worker that was never heard judges nobody", () => {
  expect(beaten().mayJudgeLeases(1_000_000)).toBe(false);
});

test("a worker judges when it was heard without a gap for one whole lease, and not before", () => {
  expect(beaten(0, 5_000, 10_000, 14_999).mayJudgeLeases(14_999)).toBe(false);
  expect(beaten(0, 5_000, 10_000, 15_000).mayJudgeLeases(15_000)).toBe(true);
});

test("a failed heartbeat begins the time anew", () => {
  const record = beaten(0, 5_000, 10_000, 15_000);
  record.failed();
  expect(record.mayJudgeLeases(15_001)).toBe(false);
  for (const at of [20_000, 25_000, 30_000, 34_000]) record.succeeded(at);
  expect(record.mayJudgeLeases(34_999)).toBe(false);
  expect(record.mayJudgeLeases(35_000)).toBe(true);
});

test("a gap of two heartbeats begins the time anew: the store was locked, or this process itself was paused", () => {
  const record = beaten(0, 5_000, 10_000, 20_000);
  expect(record.mayJudgeLeases(20_000)).toBe(false);
  for (const at of [25_000, 30_000, 34_999]) record.succeeded(at);
  expect(record.mayJudgeLeases(34_999)).toBe(false);
  expect(record.mayJudgeLeases(35_000)).toBe(true);
});

test("in the midst of a lock a worker judges nobody by the time in which a living one may be silent for a lease", () => {
  // Locked since then, and the other's turn was just about to come: it was last heard at 10 s.
  const record = beaten(0, 5_000, 10_000, 15_000);
  expect(record.mayJudgeLeases(24_999)).toBe(true);
  expect(record.mayJudgeLeases(25_000)).toBe(false);
});
