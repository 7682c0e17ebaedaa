import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { foldLines, widthOf } from "./render/wrap.ts";

/** Hints are talk for people: a program (`--json`), and whoever wants the bare answer (`--quiet`), gets none. */
export function wantsHints({ options }: Pick<Invocation, "options">): boolean {
  return !options.has("quiet") && !options.has("json");
}

/** Says on stderr what is to be known beyond the answer, to those who want it. */
export function giveHint(text: string, invocation: Pick<Invocation, "options">, io: Io): void {
  if (wantsHints(invocation)) io.stderr.write(foldLines(`${text}\n`, widthOf(io.stderr)));
}
