import { requireJobs } from "../../queue/find-job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  // Nothing can be dead in a store that is not there, and none is made for it.
  await using store = await openForReading(invocation, io);
  const ids = [...new Set(args)];
  await requireJobs(store, ids);
  await store.retryDead(ids, Date.now());
  if (options.has("json")) {
    const jobs = await Promise.all(ids.map((id) => store.getJob(id)));
    writeJson(
      io,
      jobs.flatMap((job) => (job ? [toJobJson(job)] : [])),
    );
  } else if (!options.has("quiet")) {
    io.stdout.write(ids.map((id) => `✅ Job ${id} has been re-queued for retry.\n`).join(""));
  }
  return DONE;
}
