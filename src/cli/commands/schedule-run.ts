import { requireJob } from "../../queue/find-job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import { runSchedule } from "../../queue/schedule.ts";
import type { Invocation } from "../command.ts";
import { openForReading, readSetting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintWhenNobodyWorks } from "../no-worker-hint.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  await using store = await openForReading(invocation, io);
  const maxRetries = (await readSetting(store, "max-retries", invocation, io)) as number;
  const { id, isNew } = await runSchedule(store, args[0] ?? "", { now: Date.now(), maxRetries });
  if (options.has("json")) writeJson(io, toJobJson(await requireJob(store, id)));
  else if (options.has("quiet")) io.stdout.write(`${id}\n`);
  else io.stdout.write(`✅ Job ${isNew ? "enqueued successfully" : "exists already"}. ID: ${id}\n`);
  await hintWhenNobodyWorks(store, [(await requireJob(store, id)).queue], invocation, io);
  return DONE;
}
