import { scheduleHistory } from "../../queue/schedule.ts";
import { toFiringJson } from "../../queue/schedule-json.ts";
import type { FiredInstant } from "../../store/schedule-store.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { renderTable } from "../render/table.ts";
import { isoTime, relativeTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

const USUAL = 50;

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const [name = ""] = args;
  const limit = readCount(options, "limit", { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? USUAL;
  await using store = await openForReading(invocation, io);
  const fired = await scheduleHistory(store, name, limit);
  if (options.has("json")) {
    writeJson(io, fired.map(toFiringJson));
  } else if (io.stdout.isTerminal) {
    io.stdout.write(
      fired.length === 0 ? "None of its instants has come yet.\n" : table(fired, io.stdout.columns),
    );
  } else {
    for (const each of fired) io.stdout.write(`${[isoTime(each.instant), ...facts(each)].join("\t")}\n`);
  }
  return DONE;
}

function table(fired: readonly FiredInstant[], width: number): string {
  const now = Date.now();
  const columns = [
    { title: "INSTANT" },
    { title: "OUTCOME" },
    { title: "JOB", sparable: 1 },
    { title: "NOTE", isFlexible: true, sparable: 2 },
  ];
  const rows = fired.map((each) =>
    [`${isoTime(each.instant)} (${relativeTime(each.instant, now)})`, ...facts(each)].map((text) => ({
      text,
    })),
  );
  return renderTable(columns, rows, width);
}

function facts({ outcome, jobId, note }: FiredInstant): string[] {
  return [outcome, visible(jobId ?? "-"), visible(note ?? "")];
}
