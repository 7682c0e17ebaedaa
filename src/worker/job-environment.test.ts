import { expect, test } from "vitest";
import { buildJob, buildWorker } from "../../tests/support/build-job.ts";
import { MemoryTruth, memoryStore } from "../../tests/support/memory-store.ts";
import { TestTime } from "../../tests/support/test-time.ts";
import type { NewJob } from "../domain/job.ts";
import { jobEnvironment } from "./job-environment.ts";

const STORE = { name: "/data/queue.db", id: "s1" };

async function environmentOf(
  job: Partial<NewJob>,
  worker: Record<string, string> = {},
): Promise<Readonly<Record<string, string | undefined>>> {
  const store = memoryStore(new MemoryTruth(), new TestTime());
  await store.registerWorker(buildWorker("w"), 0);
  await store.enqueue([buildJob(job)]);
  const { claims } = await store.claim({
    worker: "w",
    limit: 1,
    queues: null,
    now: 1,
    outputLimitBytes: 1_024,
  });
  const [claim] = claims;
  if (!claim) throw new Error("Nothing was claimed");
  return jobEnvironment(claim, STORE, worker);
}

test("a job sees who it is and where it came from", async () => {
  expect(await environmentOf({ id: "a", queue: "mail" })).toEqual({
    QUEUECTL_JOB_ID: "a",
    QUEUECTL_ATTEMPT: "1",
    QUEUECTL_JOB_QUEUE: "mail",
    QUEUECTL_DB: "/data/queue.db",
    QUEUECTL_TREE: "s1:1",
  });
});

test("a run of a schedule sees its schedule and its instant, another job neither, whoever the worker's parent is", async () => {
  const worker = { QUEUECTL_SCHEDULE: "other", QUEUECTL_SCHEDULED_AT: "then" };
  const member = "2026-11-26T02:00:00.000Z";
  const run = await environmentOf({ group: { kind: "schedule", id: "nightly", member } }, worker);
  expect(run).toMatchObject({ QUEUECTL_SCHEDULE: "nightly", QUEUECTL_SCHEDULED_AT: member });
  for (const group of [null, { kind: "array", id: "a", member: "1" } as const]) {
    const { QUEUECTL_SCHEDULE, QUEUECTL_SCHEDULED_AT } = await environmentOf({ group }, worker);
    expect([QUEUECTL_SCHEDULE, QUEUECTL_SCHEDULED_AT]).toEqual([undefined, undefined]);
  }
});

test("a job of an array sees which one it is; no other is told that it is one", async () => {
  const group = { kind: "array", id: "sim", member: "7" } as const;
  expect(await environmentOf({ id: "sim.7", group })).toMatchObject({
    QUEUECTL_ARRAY_ID: "sim",
    QUEUECTL_ARRAY_INDEX: "7",
  });
  const ofWorker = { QUEUECTL_ARRAY_ID: "other", QUEUECTL_ARRAY_INDEX: "1" };
  for (const other of [null, { kind: "flow", id: "build", member: "test" } as const]) {
    const seen = await environmentOf({ group: other }, ofWorker);
    expect([seen["QUEUECTL_ARRAY_ID"], seen["QUEUECTL_ARRAY_INDEX"]]).toEqual([undefined, undefined]);
  }
});

test("a job sees the worker's variables, and its own over them", async () => {
  const worker = { PATH: "/bin", LANG: "C", API_TOKEN: "the user's" };
  expect(await environmentOf({ env: { LANG: "de", MORE: "1" } }, worker)).toMatchObject({
    PATH: "/bin",
    LANG: "de",
    MORE: "1",
    API_TOKEN: "the user's",
  });
});

test("queuectl's own secrets stay out, its other variables come along", async () => {
  const worker = { QUEUECTL_TOKEN: "x", QUEUECTL_DB_PASSWORD: "x", QUEUECTL_HOME: "/home/q" };
  const seen = await environmentOf({}, worker);
  expect(seen).toMatchObject({ QUEUECTL_HOME: "/home/q" });
  expect(Object.keys(seen)).not.toContain("QUEUECTL_TOKEN");
  expect(Object.keys(seen)).not.toContain("QUEUECTL_DB_PASSWORD");
});

test("what the worker's own start has left in its environment is no business of a job's", async () => {
  expect(Object.keys(await environmentOf({}, { QUEUECTL_SHIM_PID: "7" }))).not.toContain("QUEUECTL_SHIM_PID");
});

test("nobody can make a job believe that it is another", async () => {
  const env = { QUEUECTL_JOB_ID: "b", QUEUECTL_ATTEMPT: "9", QUEUECTL_TREE: "other", QUEUECTL_DB: "/else" };
  expect(await environmentOf({ id: "a", env }, env)).toMatchObject({
    QUEUECTL_JOB_ID: "a",
    QUEUECTL_ATTEMPT: "1",
    QUEUECTL_TREE: "s1:1",
    QUEUECTL_DB: "/data/queue.db",
  });
});
