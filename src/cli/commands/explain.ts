import { explainJob } from "../../queue/explain.ts";
import { toExplanationJson } from "../../queue/explain-json.ts";
import { findJob } from "../../queue/find-job.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { renderExplanation } from "../render/explanation.ts";
import { writeJson } from "../render/json.ts";
import { painter } from "../render/style.ts";
import { widthOf } from "../render/wrap.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  await using store = await openForReading(invocation, io);
  const job = await findJob(store, args[0] ?? "");
  const now = Date.now();
  const explanation = await explainJob(store, job, { workers: seeWorkers(await store.listWorkers()), now });
  if (options.has("json")) writeJson(io, toExplanationJson(explanation));
  else {
    const width = widthOf(io.stdout);
    io.stdout.write(renderExplanation(explanation, { now, width, paint: painter(io, options) }));
  }
  return DONE;
}
