import { explainJob } from "../../queue/explain.ts";
import { explainGroup } from "../../queue/explain-group.ts";
import { toExplanationJson, toGroupExplanationJson } from "../../queue/explain-json.ts";
import { findJob } from "../../queue/find-job.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { renderExplanation, renderGroupExplanation } from "../render/explanation.ts";
import { writeJson } from "../render/json.ts";
import { painter } from "../render/style.ts";
import { widthOf } from "../render/wrap.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const [id = ""] = args;
  await using store = await openForReading(invocation, io);
  const now = Date.now();
  const seen = { workers: seeWorkers(await store.listWorkers()), now };
  const look = { now, width: widthOf(io.stdout), paint: painter(io, options) };
  const group = await store.getGroup(id);
  if (group) {
    const explanation = await explainGroup(store, group, seen);
    if (options.has("json")) writeJson(io, toGroupExplanationJson(explanation));
    else io.stdout.write(renderGroupExplanation(explanation, look));
    return DONE;
  }
  const explanation = await explainJob(store, await findJob(store, id), seen);
  if (options.has("json")) writeJson(io, toExplanationJson(explanation));
  else io.stdout.write(renderExplanation(explanation, look));
  return DONE;
}
