import { formatDuration } from "../domain/duration.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import { readSetting } from "./context.ts";
import { giveHint, wantsHints } from "./hint.ts";
import type { Io } from "./io.ts";

/** Says when a job will be ended that has no timeout of its own: who learns it from a long job's end has lost that. */
export async function sayInheritedTimeout(
  store: Store,
  { whose, change }: { whose: string; change: string },
  invocation: Invocation,
  io: Io,
): Promise<void> {
  if (!wantsHints(invocation)) return;
  const inherited = (await readSetting(store, "job-timeout", invocation, io)) as number;
  if (inherited > 0)
    giveHint(
      `${whose} may run for ${formatDuration(inherited)} (setting job-timeout); ${change} changes that.`,
      invocation,
      io,
    );
}
