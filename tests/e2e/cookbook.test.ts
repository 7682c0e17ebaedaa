import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { concurrencyIn } from "../support/concurrency.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { mostInWindow } from "../support/limited-jobs.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { countJobs, enqueueHeld, jobWhen, readExecutions, startBackground } from "../support/worker-home.ts";

/**
 * What docs/guides/cookbook.md promises and its own commands, which the tests of documents run, cannot prove: that
 * something never happened, or only once. Two workers with four slots each are always more than the recipe allows.
 */

test("1: a backup that takes longer than its period is never at work twice at once", async () => {
  const home = homeForTest();
  await startWorkers(home);
  const command = "echo + >>marks; sleep 1.3; echo - >>marks";
  await home.ok("schedule", "add", "backup", "* * * * * *", "--overlap", "skip", command);
  await until(async () => {
    const seen = await outcomes(home, "backup");
    return seen.includes("skipped") && seen.filter((outcome) => outcome === "fired").length >= 3;
  }, "three runs, and an instant that was skipped");
  await home.ok("schedule", "pause", "backup");
  const fired = (await outcomes(home, "backup")).filter((outcome) => outcome === "fired").length;
  await until(() => countJobs(home, "completed") === fired, "the last run to end");
  expect(concurrencyIn(join(home.cwd, "marks"))).toEqual({ most: 1, marks: 2 * fired });
});

test("1: three nights without a worker make one backup", async () => {
  const home = homeForTest();
  // Far from now on any day, so that none of its instants is on time.
  const hour = (new Date().getUTCHours() + 12) % 24;
  await home.ok("schedule", "add", "backup", `0 ${hour} * * *`, "--catch-up", "one", "echo ran >>ran");
  byHand(home.db, (db) => db.exec("UPDATE schedules SET next_at = next_at - 3 * 86400000"));
  await home.drain("--count", "2", "--foreground");
  expect(await outcomes(home, "backup")).toEqual(["missed", "missed", "fired"]);
  expect(linesIn(home, "ran")).toEqual(["ran"]);
});

test("2: a host does one thing at a time, and the hosts go on side by side", async () => {
  const home = homeForTest();
  await startWorkers(home);
  const meet = (other: string) => `touch at-$HOST; until [ -e at-${other} ]; do sleep 0.02; done; `;
  for (const [host, other] of [
    ["db1", "db2"],
    ["db2", "db1"],
  ] as const)
    for (const queue of ["dumps", "checks"])
      await shell(
        home,
        `for n in 1 2 3; do queuectl enqueue --quiet --queue ${queue} --key host=${host} --key-limit 1 --env HOST=${host} '${meet(other)}${marking(host)}'; done`,
      );
  await until(() => countJobs(home, "completed") === 12, "all jobs to be completed");
  for (const host of ["db1", "db2"])
    expect(concurrencyIn(join(home.cwd, host))).toEqual({ most: 1, marks: 12 });
});

test("3: a build that is retried runs again what did not complete, and nothing else", async () => {
  const home = homeForTest();
  home.write(
    "build.yaml",
    `name: build
defaults: { max_retries: 0 }
steps:
  compile: { run: echo compile >> ran }
  test: { run: echo test >> ran && test -e mended, needs: [compile] }
  publish: { run: echo publish >> ran, needs: [test] }
  cleanup: { run: echo cleanup >> ran, after_any: [publish] }
  alarm: { run: echo alarm >> ran, after_fail: [publish] }
`,
  );
  await home.ok("flow", "run", "build.yaml", "--id", "b7");
  await home.drain("--concurrency", "4");
  expect(linesIn(home, "ran").toSorted()).toEqual(["alarm", "cleanup", "compile", "test"]);
  home.write("mended", "");
  await home.ok("flow", "retry", "b7");
  await home.drain("--concurrency", "4");
  expect(linesIn(home, "ran").slice(4)).toEqual(["test", "publish"]);
});

test("4: no more calls begin in any second than the rate says, retries included", async () => {
  const home = homeForTest();
  await startWorkers(home);
  await home.ok("queue", "set", "api", "--rate", "4/s", "--concurrency", "2");
  const call = "[ -e asked-{} ] || { touch asked-{}; exit 22; }";
  await shell(
    home,
    `seq 6 | queuectl enqueue --id orders --queue api --backoff-base 1 --each-line '${marking("open")}; ${call}'`,
  );
  await until(() => countJobs(home, "completed") === 6, "all calls to succeed");
  const calls = [1, 2, 3, 4, 5, 6].map((n) => readExecutions(home, `orders.${n}`));
  expect(calls.map((tries) => tries.length)).toEqual([2, 2, 2, 2, 2, 2]);
  const starts = calls.flat().map(({ started_at }) => started_at);
  expect(mostInWindow(starts, 1_000)).toBeLessThanOrEqual(4);
  expect(concurrencyIn(join(home.cwd, "open")).most).toBeLessThanOrEqual(2);
  for (const [refused, answered] of calls)
    expect(answered?.started_at).toBeGreaterThanOrEqual((refused?.finished_at ?? 0) + 1_000);
});

test("5: a directory is transcoded two files at once, and again only what failed", async () => {
  const home = homeForTest();
  await startWorkers(home);
  await home.ok("queue", "set", "media", "--concurrency", "2");
  for (const name of ["a", "b c", "d'e", "f", "noise"]) home.write(`${name}.mov`, name);
  const command = `${marking("marks")}; ! grep -q noise {} && cp {} {}.mp4`;
  await shell(
    home,
    `find . -name '*.mov' | sort | queuectl enqueue --id films --queue media --max-retries 0 --each-line "${command}"`,
  );
  await until(() => countJobs(home, "completed") === 4 && countJobs(home, "dead") === 1, "all to have ended");
  home.write("noise.mov", "film");
  await home.ok("dlq", "retry", "films");
  await until(() => countJobs(home, "completed") === 5, "the mended one to be completed");
  expect(concurrencyIn(join(home.cwd, "marks")).most).toBeLessThanOrEqual(2);
  expect([1, 2, 3, 4, 5].map((n) => readExecutions(home, `films.${n}`).length)).toEqual([1, 1, 1, 1, 2]);
  expect(await shell(home, "ls *.mp4 | wc -l")).toBe("5\n");
});

test("6: a sweep that fails stops early, and once it is retried its results are collected after the last", async () => {
  const home = homeForTest();
  const member = `echo + >>marks; test -e mesh && echo {} > result.{}; code=$?; echo - >>marks; exit $code`;
  const flags = ["--array", "1-30%4", "--max-fails", "2", "--max-retries", "0"];
  await home.ok("enqueue", "--quiet", "--id", "sweep", ...flags, member);
  await home.ok("enqueue", "--quiet", "--id", "best", "--after", "sweep", "sort -n result.* | tail -1");
  const ids = Array.from({ length: 30 }, (_, index) => `sweep.${index + 1}`);
  await startWorkers(home);
  await jobWhen(home, "best", "dead");
  await until(() => countJobs(home, "processing") === 0, "those that ran to end");
  // Two, and those that ran beside the second.
  expect(ids.filter((id) => readExecutions(home, id).length > 0).length).toBeLessThanOrEqual(5);
  home.write("mesh", "");
  await home.ok("retry", "sweep");
  await jobWhen(home, "best", "completed");
  expect(await home.ok("logs", "best")).toBe("30\n");
  expect(firstStart(home, "best")).toBeGreaterThanOrEqual(Math.max(...ids.map((id) => lastEnd(home, id))));
  expect(concurrencyIn(join(home.cwd, "marks")).most).toBeLessThanOrEqual(4);
});

test("7: of the deploys that wait only the newest is done, one at a time, and none too late", async () => {
  const home = homeForTest();
  home.write(
    "deploy.sh",
    `[ "$1" = "$(cat wanted)" ] || exit 0
echo + >>marks; until [ -e healthy ]; do sleep 0.02; done; echo "$1" >>deployed; echo - >>marks`,
  );
  const push = async (version: string, expires = "1h") =>
    await shell(
      home,
      `echo ${version} >wanted; queuectl enqueue --quiet --unique deploy-${version} --unique-return --key deploy=production --expires ${expires} -- sh deploy.sh ${version}`,
    );
  await startWorkers(home);
  await push("v1");
  await until(() => existsSync(join(home.cwd, "marks")), "the first deploy to be under way");
  const late = (await push("v2", "0.1")).trim();
  await push("v3");
  const ids = await Promise.all([push("v4"), push("v4"), push("v4")]);
  expect(new Set(ids).size).toBe(1);
  await jobWhen(home, late, "dead");
  home.write("healthy", "");
  await until(() => countJobs(home, "completed") === 3, "the deploys to end");
  expect(linesIn(home, "deployed")).toEqual(["v1", "v4"]);
  expect(concurrencyIn(join(home.cwd, "marks"))).toEqual({ most: 1, marks: 4 });
  expect(readExecutions(home, late)).toEqual([]);
});

test("8: in the maintenance window nothing starts, and what runs goes on; a drained queue is empty", async () => {
  const home = homeForTest();
  await startWorkerWithCommand(home);
  const schedule = ["schedule", "add", "--priority", "100"];
  await home.ok(...schedule, "window-begins", "0 2 * * SUN", "--", "queuectl", "queue", "pause", "import");
  await home.ok(...schedule, "window-ends", "0 4 * * SUN", "--", "queuectl", "queue", "resume", "import");
  const fire = async (name: string) => {
    const id = (await home.ok("schedule", "run", name, "--quiet")).trim();
    await jobWhen(home, id, "completed");
  };
  const running = await enqueueHeld(home, "running", "--queue", "import");
  await running.started();
  await fire("window-begins");
  await home.ok("enqueue", "--quiet", "--id", "rows", "--queue", "import", "--array", "1-5", "true");
  running.letGo();
  await jobWhen(home, "running", "completed");
  // Whoever comes after them and may run, does.
  await home.ok("enqueue", "--quiet", "--id", "other", "true");
  await jobWhen(home, "other", "completed");
  const end = Date.now();
  await fire("window-ends");
  await home.ok("queue", "drain", "import");
  const starts = [1, 2, 3, 4, 5].map((n) => firstStart(home, `rows.${n}`));
  expect(Math.min(...starts)).toBeGreaterThanOrEqual(end);
  expectRefusal(await home.run(["enqueue", "--queue", "import", "true"]), {
    exitCode: 1,
    says: "is draining",
    remedy: "queuectl queue resume import",
  });
});

test("9: what is urgent goes first, and a long queue lets a short one have its turns", async () => {
  const home = homeForTest();
  const note = 'echo "$QUEUECTL_JOB_ID" >>order';
  await home.ok("enqueue", "--quiet", "--id", "test", "--queue", "ci", "--array", "1-20", note);
  await home.ok("enqueue", "--quiet", "--id", "agent", "--queue", "agent", "--array", "1-3", note);
  await home.ok("enqueue", "--quiet", "--id", "hotfix", "--queue", "ci", "--priority", "10", note);
  await home.drain();
  const order = linesIn(home, "order");
  expect(order).toHaveLength(24);
  expect(order[0]).toBe("hotfix");
  expect(order.slice(1, 7).filter((id) => id.startsWith("agent"))).toEqual(["agent.1", "agent.2", "agent.3"]);
  expect(order.filter((id) => id.startsWith("test"))).toEqual(
    Array.from({ length: 20 }, (_, index) => `test.${index + 1}`),
  );
});

test("10: a job that fans out and dies halfway adds each part once, and the last one after all of them", async () => {
  const home = homeForTest();
  home.write(
    "split.sh",
    `set -e
parts=$QUEUECTL_JOB_ID-parts sum=$QUEUECTL_JOB_ID-sum
exists() { queuectl info "$1" >/dev/null 2>&1; }
exists "$parts" || seq 9 | queuectl enqueue --quiet --id "$parts" --each-line 'echo {} >>parts'
[ -e again ] || { touch again; kill -9 $$; }
exists "$sum" || queuectl enqueue --quiet --id "$sum" --after "$parts" 'wc -l <parts'`,
  );
  await startWorkerWithCommand(home);
  await home.ok("enqueue", "--quiet", "--id", "big", "--backoff-base", "1", "--", "sh", "split.sh");
  await jobWhen(home, "big", "completed");
  await jobWhen(home, "big-sum", "completed");
  expect(readExecutions(home, "big").map(({ outcome }) => outcome)).toEqual(["signalled", "succeeded"]);
  expect(linesIn(home, "parts").toSorted()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  expect((await home.ok("logs", "big-sum")).trim()).toBe("9");
});

/** Notes when it begins and ends, in a file of that name. */
function marking(file: string): string {
  return `echo + >>${file}; sleep 0.1; echo - >>${file}`;
}

/** What stands in a file of the working directory. */
function linesIn(home: Home, file: string): string[] {
  return readFileSync(join(home.cwd, file), "utf8").trimEnd().split("\n");
}

function firstStart(home: Home, id: string): number {
  return readExecutions(home, id)[0]?.started_at ?? 0;
}

function lastEnd(home: Home, id: string): number {
  return readExecutions(home, id).at(-1)?.finished_at ?? 0;
}

async function startWorkers(home: Home): Promise<void> {
  await startBackground(home, 2, "--concurrency", "4");
}

/** A worker in whose PATH the command is. */
async function startWorkerWithCommand(home: Home): Promise<void> {
  const bin = join(home.root, "bin");
  mkdirSync(bin);
  symlinkSync(join(import.meta.dirname, "../../queuectl.js"), join(bin, "queuectl"));
  symlinkSync(process.execPath, join(bin, "node"));
  await home.startWorker(["--concurrency", "4"], { env: { PATH: `${bin}:${process.env["PATH"]}` } });
}

/** A line of shell that must succeed. */
async function shell(home: Home, line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await home.shell(line);
  if (exitCode !== 0) throw new Error(`${line}\nended with ${exitCode}: ${stderr}`);
  return stdout;
}

async function outcomes(home: Home, schedule: string): Promise<string[]> {
  const history = await home.json<{ outcome: string }[]>("schedule", "history", schedule);
  return history.map(({ outcome }) => outcome);
}
