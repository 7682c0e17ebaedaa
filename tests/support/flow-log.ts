import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./queuectl.ts";

/** A step that notes its start and its end, and works in between. */
export function notingStep(name: string, work = "true"): { run: string } {
  return { run: `echo "start ${name}" >> log; ${work} && echo "end ${name}" >> log` };
}

/** What the steps noted, in the order in which they did: short appends do not mix. */
export function readFlowLog(home: Home): { event: string; step: string }[] {
  return readFileSync(join(home.cwd, "log"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [event = "", step = ""] = line.split(" ");
      return { event, step };
    });
}
