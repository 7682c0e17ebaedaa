import type { NewGroup } from "../../src/domain/group.ts";
import type { NewJob } from "../../src/domain/job.ts";
import { openStore } from "../../src/store/open-store.ts";
import { buildJob } from "./build-job.ts";
import type { Home } from "./queuectl.ts";

/** Puts jobs straight into a home's store, which a command has made: each given by what matters in it. */
export async function put(home: Home, jobs: readonly Partial<NewJob>[], group?: NewGroup): Promise<void> {
  const store = await openStore(home.db);
  try {
    const now = Date.now();
    await store.enqueue(
      jobs.map((job) => buildJob({ createdAt: now, cwd: home.cwd, ...job })),
      group,
    );
  } finally {
    await store.close();
  }
}
