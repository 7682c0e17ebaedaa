import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { buildWorker } from "../../tests/support/build-job.ts";
import { MemoryTruth, memoryStore } from "../../tests/support/memory-store.ts";
import { TestTime } from "../../tests/support/test-time.ts";
import type { LeaseState, ProcessState, WorkerIdentity } from "../domain/lease.ts";
import { seeWorkers } from "./observe-workers.ts";
import { identifySelf } from "./process-identity.ts";

const self = identifySelf();

/** Of a process in each state that a look at it can find. */
const IDENTITIES: Readonly<Record<ProcessState, WorkerIdentity>> = {
  alive: self,
  gone: { ...self, pid: spawnSync("true").pid },
  unknown: { ...self, pidNamespace: "pid:[1]" },
};

const LEASE_MS = 15_000;

/** Brings about each state of a lease that holds now. */
const TURN: Readonly<Record<LeaseState, (time: TestTime) => void>> = {
  held: () => {},
  expired: (time) => time.pass(LEASE_MS),
  before_reboot: (time) => time.reboot("the next boot"),
};

test.each<[LeaseState, Record<ProcessState, boolean>]>([
  ["held", { alive: true, unknown: true, gone: false }],
  ["expired", { alive: true, unknown: false, gone: false }],
  ["before_reboot", { alive: false, unknown: false, gone: false }],
])(
  "commands take workers whose lease is %s, by their process, for alive or not: %j",
  async (lease, alive) => {
    const time = new TestTime();
    time.bootId = self.bootId;
    const store = memoryStore(new MemoryTruth(), time);
    for (const [id, identity] of Object.entries(IDENTITIES))
      await store.registerWorker(buildWorker(id, { identity, leaseMs: LEASE_MS }), time.now());
    TURN[lease](time);
    const seen = seeWorkers(await store.listWorkers());
    expect(Object.fromEntries(seen.map(({ id, isAlive }) => [id, isAlive]))).toEqual(alive);
    expect(seen.map(({ id, process }) => [id, process])).toEqual(seen.map(({ id }) => [id, id]));
  },
);

test("a worker that was declared dead is dead, though its process lives", async () => {
  const time = new TestTime();
  const store = memoryStore(new MemoryTruth(), time);
  await store.registerWorker(buildWorker("w", { identity: self }), time.now());
  await store.declareDead("w", 0);
  expect(seeWorkers(await store.listWorkers())).toMatchObject([{ process: "alive", isAlive: false }]);
});
