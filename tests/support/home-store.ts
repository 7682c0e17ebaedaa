import type { NewJob } from "../../src/domain/job.ts";
import { openStore } from "../../src/store/open-store.ts";
import { buildJob } from "./build-job.ts";
import type { Home } from "./queuectl.ts";

/** Puts jobs straight into a home's store, each given by what matters in it. */
export async function put(home: Home, jobs: readonly Partial<NewJob>[]): Promise<void> {
  const createdAt = Date.now();
  await putJobs(
    home,
    jobs.map((job) => buildJob({ createdAt, cwd: home.cwd, ...job })),
  );
}

export async function putJobs(home: Home, jobs: readonly NewJob[]): Promise<void> {
  const store = await openStore(home.db);
  try {
    await store.enqueue(jobs);
  } finally {
    await store.close();
  }
}
