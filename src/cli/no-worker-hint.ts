import type { Store } from "../store/store.ts";
import { seeWorkers } from "../worker/observe-workers.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { foldLines, widthOf } from "./render/wrap.ts";

/** Says how to start a worker when none runs. */
export async function hintWhenNobodyWorks(store: Store, io: Io): Promise<void> {
  if (!seeWorkers(await store.listWorkers()).some(({ isAlive }) => isAlive))
    io.stderr.write(
      foldLines("No worker is running. Start one: queuectl worker start\n", widthOf(io.stderr)),
    );
}

/** The same for a verb that only looks: said when jobs wait, and to people. */
export async function hintWhenJobsWaitInVain(store: Store, { options }: Invocation, io: Io): Promise<void> {
  if (options.has("quiet") || options.has("json")) return;
  const { pending, failed } = await store.counts(null);
  if (pending + failed > 0) await hintWhenNobodyWorks(store, io);
}
