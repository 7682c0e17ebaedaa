import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canSeeProcess,
  heartbeatEveryMs,
  isWorkerDead,
  type LeaseState,
  leaseState,
  type ProcessState,
} from "./lease.ts";

describe("a lease", () => {
  const lease = { bootId: "boot-1", deadlineMs: 15_000 };

  test("holds until its deadline, and not at it", () => {
    expect(leaseState(lease, { bootId: "boot-1", monotonicMs: 0 })).toBe("held");
    expect(leaseState(lease, { bootId: "boot-1", monotonicMs: 14_999 })).toBe("held");
    expect(leaseState(lease, { bootId: "boot-1", monotonicMs: 15_000 })).toBe("expired");
    expect(leaseState(lease, { bootId: "boot-1", monotonicMs: 99_000 })).toBe("expired");
  });

  test("of another boot is over, whatever the clock says: it began anew", () => {
    for (const monotonicMs of [0, 14_999, 15_000])
      expect(leaseState(lease, { bootId: "boot-2", monotonicMs })).toBe("before_reboot");
  });
});

describe("another worker's process", () => {
  const worker = { pid: 10, startTime: "5", bootId: "boot-1", pidNamespace: "pid:[1]" };

  test("can be seen from the same boot and namespace", () => {
    expect(canSeeProcess(worker, { ...worker, pid: 11, startTime: "9" })).toBe(true);
    expect(canSeeProcess({ ...worker, pidNamespace: null }, { ...worker, pidNamespace: null })).toBe(true);
  });

  test("cannot be seen from another boot, another namespace, or one that is not known", () => {
    expect(canSeeProcess(worker, { ...worker, bootId: "boot-2" })).toBe(false);
    expect(canSeeProcess(worker, { ...worker, pidNamespace: "pid:[2]" })).toBe(false);
    expect(canSeeProcess(worker, { ...worker, pidNamespace: null })).toBe(false);
  });
});

describe("a worker is taken for dead", () => {
  const table: [LeaseState, ProcessState, { trusted: boolean; untrusted: boolean }][] = [
    ["held", "alive", { trusted: false, untrusted: false }],
    ["held", "unknown", { trusted: false, untrusted: false }],
    ["held", "gone", { trusted: true, untrusted: true }],
    ["expired", "alive", { trusted: true, untrusted: false }],
    ["expired", "unknown", { trusted: true, untrusted: false }],
    ["expired", "gone", { trusted: true, untrusted: true }],
    ["before_reboot", "alive", { trusted: true, untrusted: true }],
    ["before_reboot", "unknown", { trusted: true, untrusted: true }],
    ["before_reboot", "gone", { trusted: true, untrusted: true }],
  ];
  test.each(table)("with a lease %s and a process %s: %j, by trust in leases", (lease, process, expected) => {
    expect({
      trusted: isWorkerDead({ lease, process }, true),
      untrusted: isWorkerDead({ lease, process }, false),
    }).toEqual(expected);
  });
});

test("heartbeats come three times a lease, so that two may fail", () => {
  expect(heartbeatEveryMs(15_000)).toBe(5_000);
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 3_155_760_000_000 }), (leaseMs) => {
      expect(Number.isInteger(heartbeatEveryMs(leaseMs))).toBe(true);
      expect(3 * heartbeatEveryMs(leaseMs)).toBeLessThanOrEqual(leaseMs);
    }),
  );
  expect([0, 1, 2].map(heartbeatEveryMs)).toEqual([1, 1, 1]);
});

test("under a long lease a heartbeat still comes every minute", () => {
  expect([180_000, 180_003, 86_400_000].map(heartbeatEveryMs)).toEqual([60_000, 60_000, 60_000]);
});
