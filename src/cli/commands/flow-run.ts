import { ID_RULE, isId } from "../../domain/id.ts";
import { DEFAULT_QUEUE } from "../../domain/job.ts";
import { requireFlow } from "../../queue/find-flow.ts";
import { readFlow, startFlow } from "../../queue/flow.ts";
import { toFlowJson, toPlannedFlowJson } from "../../queue/flow-json.ts";
import { refuseOption } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForWriting, readSetting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintWhenNobodyWorks } from "../no-worker-hint.ts";
import { readFlowFile } from "../read-flow-file.ts";
import { drawFlow } from "../render/draw-flow.ts";
import { writeJson } from "../render/json.ts";
import { painter } from "../render/style.ts";
import { sayInheritedTimeout } from "../say-timeout.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const given = readId(options.text("id"));
  const now = Date.now();
  // Before the store is opened: a flow that is refused must not leave an empty database behind.
  const flow = await readFlowFile(args[0] ?? "", io, { cwd: io.cwd, now, id: given });
  if (options.has("dry-run")) {
    const { isTerminal, columns } = io.stdout;
    if (options.has("json")) writeJson(io, toPlannedFlowJson(flow));
    else if (!options.has("quiet")) {
      const steps = flow.steps.map(({ name, dependsOn }) => ({ name, dependsOn, standing: null }));
      const width = isTerminal ? columns : Number.POSITIVE_INFINITY;
      io.stdout.write(drawFlow(steps, width, painter(io, options)));
    }
    return DONE;
  }
  await using store = await openForWriting(invocation, io);
  const maxRetries = (await readSetting(store, "max-retries", invocation, io)) as number;
  const id = await startFlow(store, flow, { id: given, maxRetries, cwd: io.cwd, now });
  if (options.has("json")) writeJson(io, toFlowJson(await readFlow(store, await requireFlow(store, id))));
  else io.stdout.write(options.has("quiet") ? `${id}\n` : `✅ Flow enqueued successfully. ID: ${id}\n`);
  const isInherited = flow.steps.some(({ job }) => (job["timeout"] ?? job["timeout_seconds"]) === undefined);
  const about = { whose: "Each step without a timeout", change: "its field timeout" };
  if (isInherited) await sayInheritedTimeout(store, about, invocation, io);
  const queues = flow.steps.map(({ job }) => String(job["queue"] ?? DEFAULT_QUEUE));
  await hintWhenNobodyWorks(store, [...new Set(queues)], invocation, io);
  return DONE;
}

function readId(id: string | undefined): string | undefined {
  if (id === undefined || isId(id)) return id;
  throw refuseOption("id", `an id (${ID_RULE})`, id);
}
