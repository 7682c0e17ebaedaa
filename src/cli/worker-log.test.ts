import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../tests/support/queuectl.ts";
import { WorkerLogReader } from "./read-worker-log.ts";
import { WorkerLog } from "./worker-log.ts";

/** Names of a log and of so many that were put aside, in a directory of their own. */
function logFiles(kept = 3): string[] {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-log-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "workers.log");
  return [path, ...Array.from({ length: kept }, (_, index) => `${path}.${index + 1}`)];
}

const content = (path: string | undefined) => readFileSync(path ?? "", "utf8");

/** Posts lines one after another, each written before the next. */
async function write(log: WorkerLog, ...lines: string[]): Promise<void> {
  for (const line of lines) {
    log.post(`${line}\n`);
    await log.flush();
  }
}

test("a full log is put aside, so many are kept, and the oldest goes", async () => {
  const files = logFiles(2);
  const log = new WorkerLog(files, { limitBytes: 10 });
  await write(log, "one", "two", "three", "four", "five", "six", "seven");
  await log.close();
  expect(files.map(content)).toEqual(["six\nseven\n", "four\nfive\n", "three\n"]);
  expect(statSync(files[0] ?? "").mode & 0o777).toBe(0o600);
});

test("another writer goes on in the new log", async () => {
  const files = logFiles();
  const [a, b] = [new WorkerLog(files, { limitBytes: 10 }), new WorkerLog(files, { limitBytes: 10 })];
  await write(a, "a1");
  await write(b, "b1", "b2", "b3", "b4");
  await write(a, "a2");
  await a.close();
  await b.close();
  expect(content(files[0])).toBe("b3\nb4\na2\n");
});

test("what was put aside while a follower was away is read in order, and every line once", async () => {
  const files = logFiles();
  const log = new WorkerLog(files, { limitBytes: 40 });
  await using reader = new WorkerLogReader(files);
  expect(await reader.readNew()).toBeUndefined();
  const seen: string[] = [];
  for (let line = 0; line < 200; line++) {
    await write(log, `line ${line} é`);
    // Now and then the log is put aside twice between two looks.
    if (line % 7 === 0) seen.push(...((await reader.readNew()) ?? []));
  }
  seen.push(...((await reader.readNew()) ?? []));
  expect(seen).toEqual(Array.from({ length: 200 }, (_, line) => `line ${line} é`));
  await log.close();
});

test("a line that a worker began and never ended is given when it is asked for", async () => {
  const files = logFiles();
  const log = new WorkerLog(files);
  log.post("whole\nhalf é");
  await log.close();
  await using reader = new WorkerLogReader(files);
  expect(await reader.readNew()).toEqual(["whole"]);
  expect([reader.takeRest(), reader.takeRest()]).toEqual([["half é"], []]);
});

test("a worker that was killed while it put the log aside does not stop the others for ever", async () => {
  const files = logFiles();
  const lock = `${files[0]}.lock`;
  mkdirSync(lock);
  const log = new WorkerLog(files, { limitBytes: 10 });
  await write(log, "one", "two", "three");
  expect(content(files[0]), "nobody waits for the lock").toBe("one\ntwo\nthree\n");
  utimesSync(lock, 1, 1);
  await write(log, "four", "five");
  await log.close();
  expect(content(files[0])).toBe("five\n");
});

test("many processes that write while the log is put aside again and again lose no line and tear none", async () => {
  const kept = 200;
  const files = logFiles(kept);
  const module = pathToFileURL(join(import.meta.dirname, "worker-log.ts")).href;
  const lines = 400;
  const program = `
    import { WorkerLog } from ${JSON.stringify(module)};
    const log = new WorkerLog(${JSON.stringify(files)}, { limitBytes: 4096 });
    for (let line = 0; line < ${lines}; line++) {
      log.post(process.argv[1] + " " + line + "\\n");
      if (line % 3 === 0) await log.flush();
    }
    await log.close();`;
  const writers = Array.from({ length: 6 }, (_, writer) =>
    spawn(process.execPath, ["--input-type=module", "-e", program, `w${writer}`], { stdio: "inherit" }),
  );
  await using reader = new WorkerLogReader(files);
  const seen: string[] = [];
  let running = writers.length;
  for (const writer of writers) writer.once("exit", () => (running -= 1));
  await until(async () => {
    const isLast = running === 0;
    seen.push(...((await reader.readNew()) ?? []));
    return isLast;
  }, "the writers to end");
  const wanted = writers.flatMap((_, writer) =>
    Array.from({ length: lines }, (_, line) => `w${writer} ${line}`),
  );
  expect(seen.toSorted()).toEqual(wanted.toSorted());
  for (const writer of writers.keys()) {
    const own = seen
      .filter((line) => line.startsWith(`w${writer} `))
      .map((line) => Number(line.split(" ")[1]));
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
  expect(statSync(files[1] ?? "").size, "it was put aside").toBeLessThan(3 * 4_096);
});
