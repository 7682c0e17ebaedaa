import { describe, expect, test } from "vitest";
import { buildStoredJob } from "../../tests/support/build-job.ts";
import { type Gate, openGate } from "../domain/gate.ts";
import type { Job } from "../domain/job.ts";
import type { JobWaits } from "../store/store.ts";
import { explainJob, type SeenWorker } from "./explain.ts";

const NOW = 1_000_000;

/** A store of these jobs, and what each waits for. */
function truth(...known: { job: Job; waits?: Partial<JobWaits> }[]) {
  return {
    countAhead: async () => 0,
    getJob: async (id: string) => known.find(({ job }) => job.id === id)?.job,
    readWaits: async (seq: number): Promise<JobWaits> => {
      const found = known.find(({ job }) => job.seq === seq);
      return { job: found?.job, gates: [], dependencies: [], groups: [], suspects: [], ...found?.waits };
    },
  };
}

function worker(id: string, given: Partial<SeenWorker> = {}): SeenWorker {
  return { id, isAlive: true, state: "running", queues: null, concurrency: 1, held: [], ...given };
}

function holding(...jobIds: string[]): SeenWorker["held"] {
  return jobIds.map((jobId, index) => ({ token: index + 1, jobId, isToBeCancelled: false }));
}

function gate(given: Partial<Gate>, holders: string[] = []): JobWaits["gates"][number] {
  return { ...openGate("queue", "default"), ...given, holders };
}

async function explain(
  job: Job,
  {
    waits = {},
    workers = [worker("w-1")],
    others = [],
  }: { waits?: Partial<JobWaits>; workers?: SeenWorker[]; others?: Parameters<typeof truth>[0][] } = {},
) {
  const store = truth({ job, waits }, ...others);
  return (await explainJob(store, job, { workers, now: NOW })).gates;
}

const FREE = { kind: "worker", isClosed: false, queue: "default", cause: null, slots: 1, busy: 0 };

describe("what stands before a job:", () => {
  test("nothing, when it is due and a worker with a free slot serves its queue", async () => {
    expect(await explain(buildStoredJob())).toEqual([FREE]);
  });

  test("nothing at all, when it runs", async () => {
    expect(await explain(buildStoredJob({ state: "processing", worker: "w-1" }), { workers: [] })).toEqual(
      [],
    );
  });

  test("its time, or its retry, until the very instant", async () => {
    const later = buildStoredJob({ runAt: NOW + 1, dueAt: NOW + 1 });
    expect(await explain(later)).toEqual([{ kind: "run_at", isClosed: true, opensAt: NOW + 1 }, FREE]);
    const failed = buildStoredJob({ state: "failed", attempts: 2, maxRetries: 3, dueAt: NOW + 9 });
    expect(await explain(failed)).toEqual([
      { kind: "backoff", isClosed: true, opensAt: NOW + 9, attempts: 2, allowed: 4 },
      FREE,
    ]);
    expect(await explain(buildStoredJob({ state: "failed", dueAt: NOW }))).toEqual([FREE]);
  });

  test("the end of the time in which it must start, which is over at that instant", async () => {
    const expiring = (expiresAt: number, executions = 0) =>
      explain(buildStoredJob({ expiresAt, executions }));
    expect(await expiring(NOW + 1)).toEqual([{ kind: "expires", isClosed: false, expiresAt: NOW + 1 }, FREE]);
    expect(await expiring(NOW)).toEqual([{ kind: "expires", isClosed: true, expiresAt: NOW }, FREE]);
    expect(await expiring(NOW, 1)).toEqual([FREE]);
  });

  test("the gates of its queue, key and group, each as the claim would judge it", async () => {
    const rate = { starts: 2, periodMs: 1_000 };
    const gates = await explain(buildStoredJob(), {
      waits: {
        gates: [
          gate({ rate, paceStartAt: NOW - 400, running: 2 }, ["a", "b"]),
          gate({ scope: "key", name: "host=db1", maxRunning: 1, running: 1 }, ["c"]),
          gate({ scope: "group", name: "sim", maxRunning: 8, running: 3 }, ["sim.1"]),
        ],
      },
    });
    expect(gates).toMatchObject([
      { kind: "queue", isClosed: true, cause: "pace", opensAt: NOW + 600, rate: "2/s", running: 2 },
      { kind: "key", name: "host=db1", isClosed: true, cause: "full", concurrency: 1, holders: ["c"] },
      { kind: "group", name: "sim", isClosed: false, cause: null, opensAt: null },
      FREE,
    ]);
    const paused = gate({ state: "paused", maxRunning: 1, running: 1 });
    expect(await explain(buildStoredJob(), { waits: { gates: [paused] } })).toMatchObject([
      { kind: "queue", isClosed: true, state: "paused", cause: "paused" },
      FREE,
    ]);
  });
});

test("a job that was claimed since it was looked up is explained as it was at one moment", async () => {
  const found = buildStoredJob({ key: "k" });
  const store = truth({
    job: { ...found, state: "processing", worker: "w-1" },
    waits: { gates: [gate({ scope: "key", name: "k", maxRunning: 1, running: 1 }, [found.id])] },
  });
  const { job, gates } = await explainJob(store, found, { workers: [], now: NOW });
  expect({ state: job.state, gates }).toEqual({ state: "processing", gates: [] });
});

describe("dependencies:", () => {
  const blocked = buildStoredJob({ id: "deploy", state: "blocked" });

  test("each, met or not, and what can still become of it", async () => {
    const gates = await explain(blocked, {
      waits: {
        dependencies: [
          { on: "a", condition: "completed", state: "completed" },
          { on: "b", condition: "finished", state: "processing" },
          { on: "c", condition: "failed", state: "completed" },
        ],
      },
    });
    expect(gates).toMatchObject([
      { kind: "dependency", on: "a", isClosed: false, judgement: "met", root: null },
      { kind: "dependency", on: "b", isClosed: true, judgement: "waiting", root: null },
      { kind: "dependency", on: "c", isClosed: true, judgement: "impossible", root: null },
      FREE,
    ]);
  });

  test("a chain is followed to where it begins", async () => {
    const others = ["build", "compile", "fetch"].map((id, index, ids) => {
      const isRoot = index === ids.length - 1;
      const job = buildStoredJob({ id, state: isRoot ? "failed" : "blocked" });
      const on = ids[index + 1] ?? "";
      const state = index + 1 === ids.length - 1 ? ("failed" as const) : ("blocked" as const);
      return { job, waits: isRoot ? {} : { dependencies: [{ on, condition: "completed" as const, state }] } };
    });
    const waits: Partial<JobWaits> = {
      dependencies: [{ on: "build", condition: "completed", state: "blocked" }],
    };
    expect(await explain(blocked, { waits, others })).toMatchObject([
      { kind: "dependency", on: "build", root: { id: "fetch", state: "failed" } },
      FREE,
    ]);
  });

  test("nothing more, once it was let go, though one of them was brought back", async () => {
    for (const state of ["pending", "failed"] as const) {
      const dependencies = [{ on: "fetch", condition: "completed", state: "pending" } as const];
      expect(await explain(buildStoredJob({ state }), { waits: { dependencies } })).toMatchObject([
        { kind: "dependency", on: "fetch", isClosed: false, judgement: "waiting" },
        FREE,
      ]);
    }
  });

  test("of one that died of a dependency, to the job that died by itself", async () => {
    const first = buildStoredJob({ id: "fetch", state: "dead", reason: "retries_spent" });
    const second = buildStoredJob({ id: "build", state: "dead", reason: "dependency" });
    const others = [
      { job: first },
      { job: second, waits: { dependencies: [{ on: "fetch", condition: "completed", state: "dead" }] } },
    ] satisfies Parameters<typeof truth>;
    const dead = buildStoredJob({ id: "deploy", state: "dead", reason: "dependency", error: "why" });
    const waits: Partial<JobWaits> = {
      dependencies: [
        { on: "other", condition: "completed", state: "completed" },
        { on: "build", condition: "completed", state: "dead" },
      ],
    };
    expect(await explain(dead, { waits, others })).toEqual([
      {
        kind: "finished",
        isClosed: true,
        state: "dead",
        reason: "dependency",
        error: "why",
        isHopeless: true,
      },
      {
        kind: "dependency",
        isClosed: true,
        on: "build",
        condition: "completed",
        state: "dead",
        judgement: "impossible",
        root: { id: "fetch", state: "dead" },
      },
    ]);
  });

  test("a group is one gate, with how its jobs stand and where the chain of the first of them begins", async () => {
    const counts = {
      pending: 2,
      blocked: 90_000,
      processing: 1,
      failed: 1,
      completed: 4,
      dead: 2,
      cancelled: 1,
    };
    const unmet = [
      { id: "sim.7", state: "dead" as const },
      { id: "sim.8", state: "blocked" as const },
    ];
    const others: Parameters<typeof truth>[0][] = [
      {
        job: buildStoredJob({ id: "sim.7", state: "dead", reason: "dependency" }),
        waits: { dependencies: [{ on: "fetch", condition: "completed", state: "dead" }] },
      },
      { job: buildStoredJob({ id: "fetch", state: "dead", reason: "retries_spent" }) },
    ];
    const groups: JobWaits["groups"] = [{ on: "sim", condition: "completed", counts, unmet }];
    const root = { id: "fetch", state: "dead" };
    expect(await explain(blocked, { waits: { groups }, others })).toEqual([
      {
        kind: "group_dependency",
        isClosed: true,
        on: "sim",
        condition: "completed",
        counts: { met: 4, waiting: 90_004, impossible: 3 },
        unmet,
        root,
      },
      FREE,
    ]);
    const none = [{ on: "sim", condition: "finished" as const, counts, unmet: [] }];
    expect(await explain(blocked, { waits: { groups: none } })).toMatchObject([
      { isClosed: false, counts: { met: 7 }, root: null },
      FREE,
    ]);
  });

  test("a job that waits for thousands is explained with a bounded number of reads", async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `b${index}`);
    let reads = 0;
    const store = {
      getJob: async (id: string) => {
        reads += 1;
        return buildStoredJob({ id, state: "blocked" });
      },
      countAhead: async () => 0,
      readWaits: async (seq: number): Promise<JobWaits> => ({
        job: undefined,
        gates: [],
        groups: [],
        suspects: [],
        dependencies: (seq === blocked.seq ? many : ["next"]).map((on) => ({
          on,
          condition: "completed",
          state: "blocked",
        })),
      }),
    };
    const { gates } = await explainJob(store, blocked, { workers: [], now: NOW });
    expect(gates).toHaveLength(many.length + 1);
    expect(reads).toBeLessThanOrEqual(2_000);
  });
});

describe("workers:", () => {
  const job = buildStoredJob({ queue: "media" });
  const lack = async (workers: SeenWorker[], others: Parameters<typeof truth>[0][] = []) =>
    (await explain(job, { workers, others })).map((each) => ("cause" in each ? each.cause : each.kind));

  test("none runs, a dead one is none; or those that do are stopping", async () => {
    const dead = worker("w-1", { isAlive: false });
    expect(await lack([])).toEqual(["no_worker"]);
    expect(await lack([dead])).toEqual(["no_worker"]);
    expect(await lack([dead, worker("w-2", { state: "stopping" })])).toEqual(["all_stopping"]);
  });

  test("none serves its queue", async () => {
    expect(await lack([worker("w-1", { queues: ["mail"] })])).toEqual(["none_serves_its_queue"]);
  });

  test("all that serve it are busy; the slots of others do not count", async () => {
    const workers = [
      worker("w-1", { queues: ["media"], concurrency: 2, held: holding("a", "b") }),
      worker("w-2", { queues: ["mail"] }),
    ];
    expect(await explain(job, { workers })).toEqual([
      { kind: "worker", isClosed: true, queue: "media", cause: "no_free_slot", slots: 2, busy: 2 },
    ]);
  });

  test("one that runs a suspect has no slot for anything else", async () => {
    const suspect = buildStoredJob({ id: "s", state: "processing", suspicion: 0 });
    const workers = [worker("w-1", { concurrency: 8, held: holding("s") })];
    expect(await lack(workers, [{ job: suspect }])).toEqual(["no_free_slot"]);
    expect(await lack(workers, [{ job: { ...suspect, suspicion: null } }])).toEqual([null]);
  });

  test("a slot that is kept for a suspect which comes before is none, as long as the suspect may start", async () => {
    const suspect = buildStoredJob({ id: "s", suspicion: 0, queue: "other" });
    const before = (dueAt: number): Partial<JobWaits> => ({
      suspects: [{ seq: suspect.seq, queue: suspect.queue, dueAt }],
    });
    const roomy = worker("w-1", { concurrency: 4, held: holding("a") });
    const causeOf = async (
      workers: SeenWorker[],
      waits: Partial<JobWaits>,
      gates: JobWaits["gates"] = [],
    ) => {
      const [found] = await explain(job, { workers, waits, others: [{ job: suspect, waits: { gates } }] });
      return found && "cause" in found ? found.cause : found;
    };
    expect(await causeOf([roomy], before(NOW))).toBe("kept_for_suspect");
    // It is not due; it stands at a gate; the worker does not serve its queue; another makes room for it.
    expect(await causeOf([roomy], before(NOW + 1))).toBeNull();
    expect(await causeOf([roomy], before(NOW), [gate({ state: "paused" })])).toBeNull();
    expect(await causeOf([{ ...roomy, queues: ["media"] }], before(NOW))).toBeNull();
    expect(await causeOf([roomy, worker("w-2", { queues: ["other"] })], before(NOW))).toBeNull();
  });

  test("a suspect waits for an empty worker, for which the one that holds least makes room", async () => {
    const suspect = buildStoredJob({ suspicion: 1 });
    const workers = [
      worker("w-1", { concurrency: 4, held: holding("a", "b") }),
      worker("w-2", { concurrency: 4, held: holding("c") }),
    ];
    expect(await explain(suspect, { workers })).toEqual([
      { kind: "worker", isClosed: false, queue: "default", cause: null, slots: 8, busy: 3 },
      { kind: "suspect", isClosed: true, makesRoom: "w-2" },
    ]);
    expect(await explain(suspect, { workers: [...workers, worker("w-3")] })).toMatchObject([
      { kind: "worker", isClosed: false },
      { kind: "suspect", isClosed: false, makesRoom: null },
    ]);
  });
});
