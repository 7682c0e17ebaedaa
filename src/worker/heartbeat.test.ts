import { expect, test } from "vitest";
import { HeartbeatRecord } from "./heartbeat.ts";

const LEASE_MS = 15_000;

/** Beats at each of these instants. */
function beaten(...instants: number[]): HeartbeatRecord {
  const record = new HeartbeatRecord(LEASE_MS);
  for (const at of instants) record.succeeded(at);
  return record;
}

test("beats three times a lease", () => {
  expect(new HeartbeatRecord(LEASE_MS).everyMs).toBe(5_000);
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

test("a gap as long as the lease begins the time anew: this process itself may have been paused", () => {
  const record = beaten(0, 5_000, 10_000, 25_000);
  expect(record.mayJudgeLeases(25_000)).toBe(false);
  for (const at of [30_000, 35_000, 40_000]) record.succeeded(at);
  expect(record.mayJudgeLeases(40_000)).toBe(true);
});

test("a worker whose last heartbeat is a lease old judges nobody, though nothing has failed", () => {
  const record = beaten(0, 5_000, 10_000, 15_000);
  expect(record.mayJudgeLeases(29_999)).toBe(true);
  expect(record.mayJudgeLeases(30_000)).toBe(false);
});
