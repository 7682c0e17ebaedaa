import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { buildJob, buildResult, buildWorker } from "../tests/support/build-job.ts";

const ROUNDS = 5;
const CLAIMS_A_ROUND = 200;
const MANY = 1_000;
const WAITING = Number(process.env["CLAIM_WAITING"] ?? 1_000_000);

/** A store in some standing, of which single jobs are claimed and finished. */
interface Standing {
  name: string;
  fill(store: Store): Promise<void>;
  /** Needs what an older queuectl does not know. */
  isNew?: true;
  /** How many are asked for at once; else one. */
  limit?: number;
}

const jobs = (count: number, given: (index: number) => Parameters<typeof buildJob>[0]) =>
  (function* () {
    for (let index = 0; index < count; index++) yield buildJob(given(index));
  })();

const queueOf = (index: number) => `queue-${index % MANY}`;

const STANDINGS: readonly Standing[] = [
  {
    name: "one queue, 2,000 jobs",
    fill: async (store) => void (await store.enqueue(jobs(2_000, () => ({})))),
  },
  {
    name: `one queue, ${WAITING} jobs`,
    fill: async (store) => void (await store.enqueue(jobs(WAITING, () => ({})))),
  },
  {
    name: "1,000 queues, 100 jobs each",
    fill: async (store) =>
      void (await store.enqueue(jobs(MANY * 100, (index) => ({ queue: queueOf(index) })))),
  },
  {
    name: "1,000 keys with a limit of 1, 100 jobs each",
    isNew: true,
    fill: async (store) =>
      void (await store.enqueue(jobs(MANY * 100, (index) => ({ key: `key-${index % MANY}`, keyLimit: 1 })))),
  },
  {
    name: "1,000 full queues, 100 jobs each, beside a free one of 2,000",
    isNew: true,
    fill: async (store) => {
      for (let index = 0; index < MANY; index++) await store.changeQueue(queueOf(index), { maxRunning: 1 });
      await store.enqueue(jobs(MANY, (index) => ({ queue: queueOf(index) })));
      await claimAll(store, "holder", MANY);
      await store.enqueue(jobs(MANY * 100, (index) => ({ queue: queueOf(index) })));
      await store.enqueue(jobs(2_000, () => ({ queue: "free" })));
    },
  },
  {
    name: `a paused queue of ${WAITING} jobs, beside a free one of 2,000`,
    isNew: true,
    fill: async (store) => {
      await store.changeQueue("paused", { state: "paused" });
      await store.enqueue(jobs(WAITING, () => ({ queue: "paused" })));
      await store.enqueue(jobs(2_000, () => ({ queue: "free" })));
    },
  },
  {
    name: "a full queue of 20,000 priorities, asked for two at once",
    isNew: true,
    limit: 2,
    fill: async (store) => {
      await store.changeQueue("full", { maxRunning: 1 });
      await store.enqueue(jobs(20_000, (priority) => ({ queue: "full", priority })));
    },
  },
];

async function claimAll(store: Store, worker: string, limit: number): Promise<void> {
  await store.registerWorker(buildWorker(worker), 1);
  const request = { worker, limit, queues: null, now: 1, outputLimitBytes: 1_024 };
  const { claims } = await store.claim(request);
  if (claims.length !== limit) throw new Error(`claimed ${claims.length} instead of ${limit}`);
}

/**
 * What a claim costs the processor by what waits, without the disk: the stores are in memory (/dev/shm). One job at a time is claimed, and
 * finished in the next commit. With CLAIM_BEFORE, the directory of another checkout, its store takes part in the same rounds.
 */
export async function* claim(): AsyncGenerator<string> {
  const before = process.env["CLAIM_BEFORE"];
  const opener = before
    ? ((await import(pathToFileURL(join(before, "src/store/open-store.ts")).href))
        .openStore as typeof openStore)
    : undefined;
  for (const { name, fill, isNew, limit = 1 } of STANDINGS) {
    const directory = mkdtempSync("/dev/shm/queuectl-bench-");
    const stores: { of: string; store: Store; micros: number[] }[] = [];
    try {
      for (const [of, open] of [
        ["now", openStore],
        ...(opener && !isNew ? [["before", opener] as const] : []),
      ] as const) {
        const store = await open(join(directory, `${of}.db`), { patienceMs: 5_000 });
        await fill(store);
        await store.registerWorker(buildWorker("w"), 1);
        await claimAndFinish(store, CLAIMS_A_ROUND, limit);
        stores.push({ of, store, micros: [] });
      }
      for (let round = 0; round < ROUNDS; round++)
        for (const { store, micros } of stores)
          micros.push(await claimAndFinish(store, CLAIMS_A_ROUND, limit));
      const median = (values: number[]) =>
        values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
      yield `${name}: ${stores.map(({ of, micros }) => `${of} ${median(micros).toFixed(0)} µs`).join(", ")}`;
    } finally {
      for (const { store } of stores) await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

/** Microseconds of processor for each of so many claims with the finish of the one before. */
async function claimAndFinish(store: Store, times: number, limit: number): Promise<number> {
  const request = { worker: "w", limit, queues: null, now: Date.now(), outputLimitBytes: 1_024 };
  const from = process.cpuUsage();
  let batch = await store.claim(request);
  for (let count = 0; count < times; ) {
    const [held] = batch.claims;
    // One that has not looked at everything asks to be called again at once.
    if (!held && batch.nextDueAt !== request.now) throw new Error("there is nothing to claim");
    if (held) count += 1;
    batch = held
      ? (await store.finish("w", [buildResult(held, Date.now())], request)).claimed
      : await store.claim(request);
  }
  const { user, system } = process.cpuUsage(from);
  const [left] = batch.claims;
  if (left) await store.finish("w", [buildResult(left, Date.now())]);
  return (user + system) / times;
}
