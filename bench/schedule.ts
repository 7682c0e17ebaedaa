import { join } from "node:path";
import { type BenchStore, fromDate, readLines, until } from "./bench-store.ts";

/** With the defaults: at once, then 2, 4 and 8 s after each failure, then dead. */
export async function* schedule({ directory, queuectl, startWorker }: BenchStore): AsyncGenerator<string> {
  const starts = join(directory, "starts");
  queuectl("enqueue", "--id", "failing", `date +%s%N >> ${starts}; exit 1`);
  await startWorker();
  await until(() => (JSON.parse(queuectl("info", "failing", "--json")).state === "dead" ? true : undefined));
  const info = JSON.parse(queuectl("info", "failing", "--json"));
  const times = readLines(starts).map(fromDate);
  for (const [index, time] of times.entries()) {
    const gap =
      index === 0
        ? ""
        : `, ${((time - (times[index - 1] ?? time)) / 1_000).toFixed(3)} s after the one before`;
    yield `execution ${index + 1} at ${new Date(time).toISOString()}${gap}`;
  }
  yield `then ${info.state} (${info.reason}), ${info.attempts}/${1 + info.max_retries} at ${info.updated_at}`;
}
