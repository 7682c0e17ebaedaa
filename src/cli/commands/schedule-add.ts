import { localZone } from "../../config/local-zone.ts";
import { QueuectlError, restate } from "../../domain/errors.ts";
import {
  addSchedule,
  CATCH_UPS,
  checkSchedule,
  OVERLAPS,
  type ScheduleRequest,
} from "../../queue/schedule.ts";
import { jobOf, toScheduleJson } from "../../queue/schedule-json.ts";
import { readChoice } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForWriting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { withFlags } from "../job-flags.ts";
import { hintWhenNobodyWorks } from "../no-worker-hint.ts";
import { readSource } from "../read-source.ts";
import { writeJson } from "../render/json.ts";
import { zoneTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";
import { sayReset } from "../say-reset.ts";
import { sayInheritedTimeout } from "../say-timeout.ts";
import { usage } from "../usage.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const request = await readRequest(invocation, io);
  const context = { now: Date.now(), cwd: io.cwd };
  // Before the store is opened: one that is refused must not leave an empty database behind.
  await checkSchedule(request, context);
  await using store = await openForWriting(invocation, io);
  const replaced = request.replace ? await store.schedules.get(request.name) : undefined;
  const schedule = await addSchedule(store, request, context);
  if (options.has("json")) {
    writeJson(io, toScheduleJson(schedule));
  } else if (options.has("quiet")) {
    io.stdout.write(`${schedule.name}\n`);
  } else {
    const { name, nextAt, zone, isPaused } = schedule;
    const next =
      nextAt === null ? "It never runs" : `Its next run: ${zoneTime(nextAt, zone)} ${visible(zone)}`;
    const what = replaced ? "replaced" : "added";
    io.stdout.write(`✅ Schedule ${name} ${what}. ${isPaused ? "It is paused" : next}.\n`);
    if (replaced) await sayReset(store, { from: replaced, to: schedule, request }, invocation, io);
  }
  if (jobOf(schedule).timeoutMs === null)
    await sayInheritedTimeout(store, { whose: "Each", change: "--timeout" }, invocation, io);
  await hintWhenNobodyWorks(store, [jobOf(schedule).queue], invocation, io);
  return DONE;
}

async function readRequest(invocation: Invocation, io: Io): Promise<ScheduleRequest> {
  const { args, options } = invocation;
  const [name, pattern, ...words] = args;
  if (name === undefined || pattern === undefined)
    throw usage("A schedule needs a name and a pattern", EXAMPLE);
  if (words.length > 1)
    throw usage(
      `The schedule came as ${args.length} separate words`,
      `Put its pattern in quotes, and its command too: ${EXAMPLE}`,
    );
  return {
    name,
    pattern,
    zone: options.text("tz") ?? localZone(io.env, NAME_A_ZONE),
    overlap: readChoice(options, "overlap", OVERLAPS),
    catchUp: readChoice(options, "catch-up", CATCH_UPS),
    job: await readJob({ ...invocation, args: words }, io),
    replace: options.has("replace"),
  };
}

/** Said in the same ways as for `enqueue`. */
async function readJob(invocation: Invocation, io: Io): Promise<object> {
  const { args, rest, options } = invocation;
  if (args.length === 0 && rest === null && !options.has("command"))
    throw usage("The schedule has nothing to run", `Give a command: ${EXAMPLE}`);
  if (rest?.length === 0) throw usage("There is no command after --", `Write it like this: ${EXAMPLE}`);
  if (args[0] === "-") throw usage("A schedule has one job, and takes none from standard input", EXAMPLE);
  const read = await readSource(invocation, io).catch((error: unknown) => {
    throw inOwnWords(error);
  });
  const source = withFlags(read, invocation, io);
  const [job] = source.kind === "one" ? source.inputs : [];
  if (job === undefined) throw usage("A schedule has one job, not a list", EXAMPLE);
  return job.input as object;
}

/** What is read as for `enqueue` is refused with its name. */
function inOwnWords(error: unknown): unknown {
  if (!(error instanceof QueuectlError) || error.hint === undefined) return error;
  return restate(
    error,
    error.message,
    error.hint.replaceAll("queuectl enqueue", "queuectl schedule add NAME PATTERN"),
  );
}

const NAME_A_ZONE = "Say whose clock counts: --tz Europe/Rome. Or set TZ to such a name.";

const EXAMPLE = "queuectl schedule add nightly '0 3 * * *' -- ./backup.sh";
