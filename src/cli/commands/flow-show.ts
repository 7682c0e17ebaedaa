import { findFlow } from "../../queue/find-flow.ts";
import { readSteps } from "../../queue/flow.ts";
import { toFlowDetailsJson } from "../../queue/flow-json.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { flowText } from "../render/flow.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  await using store = await openForReading(invocation, io);
  const flow = await readSteps(store, await findFlow(store, args[0] ?? ""));
  if (options.has("json")) writeJson(io, toFlowDetailsJson(flow));
  else io.stdout.write(flowText(flow, invocation, io));
  return DONE;
}
