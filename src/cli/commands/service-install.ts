import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { homeDirectory } from "../../config/home.ts";
import { resolveSetting } from "../../config/resolve.ts";
import type { SettingKey } from "../../config/settings.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading, openForWriting, storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { planService } from "../service/plan-service.ts";
import type { ServicePlan } from "../service/service-plan.ts";

export interface ServiceInstalledJson {
  unit: string;
  path: string;
  content: string;
  commands: readonly string[];
  written: boolean;
}

/**
 * Writes a service for the workers of this store, and says how it is started: it does not start anything itself, for that
 * may need a password. With `--print` it writes nothing at all.
 */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const isPrint = options.has("print");
  const argv = workerArgv(invocation, storeLocation(invocation, io).path);
  // The service itself could not make the home: it names its store by --db.
  await using store = await (isPrint ? openForReading : openForWriting)(invocation, io);
  const plan = planService(invocation, io, {
    argv,
    env: serviceEnvironment(io),
    db: storeLocation(invocation, io).path,
    stopMs: stopMs(await store.readSettings()),
  });
  if (!isPrint) write(plan);
  const { unit, path, content, commands } = plan;
  if (options.has("json"))
    writeJson(io, {
      unit,
      path,
      content,
      commands: commands.start,
      written: !isPrint,
    } satisfies ServiceInstalledJson);
  else if (isPrint) io.stdout.write(plan.content);
  else io.stdout.write(describe(plan));
  return DONE;
}

function workerArgv({ options }: Invocation, db: string): string[] {
  const count = readCount(options, "count", { min: 1, max: 1_000 }) ?? 1;
  const concurrency = readCount(options, "concurrency", { min: 1, max: 1_000 }) ?? 1;
  // The link in a bin directory may be gone after an upgrade of Node; the program behind it is what was installed.
  const program = realpathSync(process.argv[1] ?? "");
  const words = ["worker", "start", "--foreground", `--count=${count}`, `--concurrency=${concurrency}`];
  const queues = options.all("queue").map((queue) => `--queue=${queue}`);
  return [process.execPath, program, ...words, ...queues, `--db=${db}`];
}

/** What jobs find their programs by, and where queuectl's own files are. Nothing else: a unit can be read by many. */
function serviceEnvironment(io: Io): Record<string, string> {
  return { PATH: io.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", QUEUECTL_HOME: homeDirectory(io.env) };
}

/** So long a stop takes at most, and a little more: the workers end their jobs themselves. Null: as long as those run. */
function stopMs(stored: Record<string, string>): number | null {
  // What the service will see: no flags, no variables of this terminal.
  const sources = { flags: {}, env: {}, file: {}, store: stored };
  const value = (key: SettingKey) => resolveSetting(key, sources).value as number | null;
  const grace = value("stop-grace");
  return grace === null ? null : grace + (value("kill-grace") ?? 0) + STOP_MARGIN_MS;
}

const STOP_MARGIN_MS = 10_000;

function write({ path, content }: ServicePlan): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o644 });
  } catch (cause) {
    throw new QueuectlError(
      "output_failed",
      `Cannot write ${path} (${(cause as NodeJS.ErrnoException).code})`,
      {
        hint: "For a service of the machine, run it as root; to put the file elsewhere: queuectl service install --print",
        cause,
      },
    );
  }
}

function describe({ path, commands }: ServicePlan): string {
  const lines = commands.start.map((line) => `  ${line}\n`).join("");
  return `Wrote ${path}\nTo start it now and at every boot, run:\n${lines}`;
}
