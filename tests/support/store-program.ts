import type { StoreReport, StoreTask } from "./other-program.ts";

/**
 * Another program over a store, for what only real processes show: locks, rights, and two that create at once.
 * Takes a task as its argument, and prints a report.
 */
const task = JSON.parse(process.argv[2] ?? "") as StoreTask;
// Everything is loaded before rights are given up: another user may not be able to read these sources.
const { openStore } = await import("../../src/store/open-store.ts");
const { buildJob } = await import("./build-job.ts");
if (task.uid !== undefined) process.setuid?.(task.uid);

process.stdout.write(JSON.stringify(await perform()));

async function perform(): Promise<StoreReport> {
  try {
    const store = await openStore(task.path, { access: task.access ?? "write" });
    if (task.enqueue) await store.enqueue(task.enqueue.map((id) => buildJob({ id })));
    const jobs = await Array.fromAsync(store.listJobs());
    await store.close();
    return { id: store.id, jobs: jobs.map(({ id }) => id) };
  } catch (error) {
    return { refused: (error as { code?: string }).code ?? String(error) };
  }
}
