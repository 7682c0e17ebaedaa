import { requireFlow } from "../queue/find-flow.ts";
import { readFlow } from "../queue/flow.ts";
import { toFlowJson } from "../queue/flow-json.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { writeJson } from "./render/json.ts";

/** The answer of a verb that changed a flow: a line, or the flow as it is now. */
export async function showChangedFlow(
  store: Store,
  id: string,
  what: string,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  if (options.has("json")) writeJson(io, toFlowJson(await readFlow(store, await requireFlow(store, id))));
  else if (!options.has("quiet")) io.stdout.write(`✅ Flow ${id} ${what}.\n`);
}
