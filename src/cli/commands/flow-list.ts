import { FLOW_STATES } from "../../domain/flow-state.ts";
import { listFlows } from "../../queue/flow.ts";
import { toFlowJson } from "../../queue/flow-json.ts";
import { readChoice, readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { mapAsync } from "../map-async.ts";
import { flowLine, flowTable } from "../render/flow.ts";
import { writeJsonArray } from "../render/json.ts";
import { painter } from "../render/style.ts";
import { MOST_ON_TERMINAL } from "../render/table.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const newest = readCount(options, "limit", { min: 1, max: Number.MAX_SAFE_INTEGER });
  const state = readChoice(options, "state", FLOW_STATES);
  await using store = await openForReading(invocation, io);
  if (options.has("json")) {
    await writeJsonArray(io, mapAsync(listFlows(store, { newest, state }), toFlowJson));
  } else if (io.stdout.isTerminal) {
    // One more tells that there are more.
    const flows = await Array.fromAsync(listFlows(store, { newest: newest ?? MOST_ON_TERMINAL + 1, state }));
    const shown = newest === undefined ? flows.slice(-MOST_ON_TERMINAL) : flows;
    io.stdout.write(
      shown.length === 0
        ? `There are no ${state === undefined ? "" : `${state} `}flows.\n`
        : flowTable(shown, invocation, io),
    );
    if (shown.length < flows.length)
      io.stdout.write("and older ones; all of them: queuectl flow list | less, or --limit N\n");
  } else {
    const paint = painter(io, options);
    for await (const flow of listFlows(store, { newest, state })) io.stdout.write(flowLine(flow, paint));
  }
  return DONE;
}
