import { lstatSync, rmSync } from "node:fs";
import { QueuectlError } from "../../domain/errors.ts";
import type { Invocation } from "../command.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { planService } from "../service/plan-service.ts";

export interface ServiceUninstalledJson {
  unit: string;
  path: string;
  removed: boolean;
}

/** Takes the service's file away, once it is stopped: an init system that misses the file could not stop it any more. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const nothing = { argv: [], env: {}, db: "", stopMs: null };
  const { unit, path, enabledPath, commands } = planService(invocation, io, nothing);
  if (enabledPath !== null && isThere(enabledPath)) {
    throw new QueuectlError("invalid_usage", `Cannot remove ${path}: the service is enabled`, {
      hint: `Stop it first: ${commands.stop.join("; ")}`,
    });
  }
  const removed = isThere(path);
  rmSync(path, { force: true });
  if (invocation.options.has("json")) writeJson(io, { unit, path, removed } satisfies ServiceUninstalledJson);
  else if (!removed) io.stdout.write(`There is no ${path}.\n`);
  else
    io.stdout.write(
      [`Removed ${path}`, ...commands.reload.map((line) => `Then run: ${line}`), ""].join("\n"),
    );
  return DONE;
}

/** A link that leads nowhere too. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
