import { expect, test } from "vitest";
import { INSTANT } from "../support/job-json.ts";
import { homeForFile, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";

const home = homeForFile();

/** A step of a shell command that waits until the test lets it go on. */
const go = (name: string) => `until [ -e ${name} ]; do sleep 0.01; done`;

/** Enqueues a job of these steps, follows it, and lets a worker run it. */
async function followed(id: string, command: string, flags: readonly string[] = []) {
  await home.ok("enqueue", "--id", id, "--max-retries", "0", command);
  const worker = await home.startWorker(["--drain"]);
  return { worker, follow: home.start(["logs", id, "--follow", ...flags]) };
}

test("a job that waits for a worker is waited for, and its output comes as it is printed, until it is finished", async () => {
  const command = `echo out 1; ${go("a1")}; echo err 1 >&2; ${go("a2")}; printf 'out 2'`;
  await home.ok("enqueue", "--id", "live", command);
  const follow = home.start(["logs", "live", "--follow"]);
  const waits = 'The job "live" has not run yet; it is pending. Waiting for its first execution.\n';
  await follow.printed(waits);
  const worker = await home.startWorker(["--drain"]);
  await follow.printed("out 1\n");
  home.write("a1", "");
  await follow.printed("err 1\n");
  expect(follow.stdout).toBe("out 1\n");
  home.write("a2", "");
  expect(await follow.ended()).toMatchObject({
    exitCode: 0,
    stdout: "out 1\nout 2",
    stderr: `${waits}err 1\n`,
  });
  await worker.ended();
});

test("over retries it goes on, and says between two executions how the last one ended", async () => {
  const command = 'echo "run $QUEUECTL_ATTEMPT"; [ $QUEUECTL_ATTEMPT -eq 3 ] || exit 7';
  await home.ok("enqueue", "--id", "retried", "--max-retries", "2", "--backoff-base", "0.01", command);
  const follow = home.start(["logs", "retried", "--follow"]);
  await follow.printed("Waiting for its first execution.");
  await home.drain();
  const { exitCode, stdout, stderr } = await follow.ended();
  expect([exitCode, stdout]).toEqual([0, "run 1\nrun 2\nrun 3\n"]);
  const said = stderr.split("\n").slice(1, -1);
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/^Execution 1 has ended \(failed: exit code 7\)\./);
  expect(said[1]).toMatch(/^Execution 2 has ended \(failed: exit code 7\)\./);

  const quiet = await home.run(["logs", "retried", "--follow", "--quiet"]);
  expect(quiet, "of a finished job: its latest execution").toMatchObject({
    exitCode: 0,
    stdout: "run 3\n",
    stderr: "",
  });
  expect(await home.ok("logs", "retried", "--follow", "--attempt", "2")).toBe("run 2\n");
});

test("a job that dies ends it with 0: the question was what it printed", async () => {
  const { follow, worker } = await followed("dies", "echo last words; exit 1");
  expect(await follow.ended()).toMatchObject({ exitCode: 0, stdout: "last words\n" });
  await worker.ended();
});

test("--tail is of what is there at first, --stdout and --stderr choose, --json and --timestamps add the instants", async () => {
  const command = `seq 1 9; echo err >&2; ${go("b1")}; echo 10; echo 11; echo err 2 >&2`;
  await home.ok("enqueue", "--id", "chosen", command);
  const worker = await home.startWorker(["--drain"]);
  await until(async () => (await home.ok("logs", "chosen", "--stdout")).endsWith("9\n"), "the first lines");
  const tail = home.start(["logs", "chosen", "--follow", "--stdout", "--tail", "2"]);
  const json = home.start(["logs", "chosen", "--follow", "--json", "--stderr"]);
  const stamped = home.start(["logs", "chosen", "--follow", "--timestamps", "--stdout", "--tail", "0"]);
  await tail.printed("8\n9\n");
  await json.printed("err");
  home.write("b1", "");
  expect((await tail.ended()).stdout).toBe("8\n9\n10\n11\n");
  const lines = (await json.ended()).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { stream: "stderr", text: "err", at: expect.stringMatching(INSTANT) },
    { stream: "stderr", text: "err 2", at: expect.stringMatching(INSTANT) },
  ]);
  expect((await stamped.ended()).stdout).toMatch(/^(\d{4}-\d\d-\d\dT[\d:.]+Z 1[01]\n)*$/);
  await worker.ended();

  const { started_at: from, finished_at: to } = (
    await home.json<{ executions: { started_at: string; finished_at: string }[] }>("info", "chosen")
  ).executions[0] ?? { started_at: "", finished_at: "" };
  for (const { at } of lines) expect(at >= from && at <= to).toBe(true);
  expect(await home.ok("logs", "chosen", "--timestamps", "--tail", "1", "--stdout")).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z 11\n$/,
  );
});

test("on a terminal --timestamps are short, local and dim", async () => {
  const { stdout } = await home.terminal(["logs", "chosen", "--timestamps", "--stdout", "--tail", "1"]);
  expect(stdout).toMatch(/^\u001b\[2m\d\d:\d\d:\d\d\.\d{3}\u001b\[22m 11\n$/);
});

test("Ctrl-C ends it quietly with 130, and a reader that goes away with 0", async () => {
  const { worker, follow } = await followed("endless", `echo begun; ${go("c1")}; seq 1 10`);
  await follow.printed("begun");
  follow.kill("SIGINT");
  expect(await follow.ended()).toMatchObject({ exitCode: 130, signal: null, stdout: "begun\n" });
  const piped = home.shell('{ queuectl logs endless --follow; echo "exit $?" >&2; } | head -n 1');
  await until(async () => (await home.ok("logs", "endless")) === "begun\n", "the beginning");
  home.write("c1", "");
  expect(await piped).toMatchObject({ stdout: "begun\n", stderr: expect.stringMatching(/exit 0\n$/) });
  await worker.ended();
});

test("a job that is removed while it is followed ends it, and what it printed is there", async () => {
  const own = homeForTest();
  await own.ok(
    "enqueue",
    "--id",
    "gone",
    "--max-retries",
    "1",
    "--backoff-base",
    "3600",
    "seq 1 5000; exit 1",
  );
  const worker = await own.startWorker();
  const follow = own.start(["logs", "gone", "--follow"]);
  await follow.printed("Waiting for execution 2, due at ");
  worker.kill("SIGTERM");
  await worker.ended();
  byHand(own.db, (database) => database.exec("DELETE FROM jobs WHERE id = 'gone'"));
  const { exitCode, stdout, stderr } = await follow.ended();
  expect([exitCode, stdout]).toEqual([0, Array.from({ length: 5_000 }, (_, n) => `${n + 1}\n`).join("")]);
  expect(stderr).toMatch(/The job "gone" has been removed\.\n$/);
});

test("at the seam between a running job's file and an ended one's row nothing is lost and nothing comes twice", async () => {
  // Around the quarter of a second after which a file is made, small and large, with pauses and without.
  const pauses = [0, 0.1, 0.2, 0.24, 0.25, 0.26, 0.3, 0.5];
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `${from + n} é\n`).join("");
  for (const [index, pause] of pauses.entries()) {
    const middle = index % 2 === 0 ? 40 : 4_000;
    const command = `for i in $(seq 1 ${middle}); do echo "$i é"; done; sleep ${pause}; seq -f '%.0f é' ${middle + 1} ${middle + 40}`;
    await home.ok("enqueue", "--id", `seam${index}`, command);
  }
  const follows = pauses.map((_, index) => home.start(["logs", `seam${index}`, "--follow", "--quiet"]));
  await home.drain("--concurrency", "4");
  for (const [index, follow] of follows.entries())
    expect((await follow.ended()).stdout).toBe(lines(1, (index % 2 === 0 ? 40 : 4_000) + 40));
});

test("when the ring goes round under a follower, it says how many bytes it missed, and the rest is exact", async () => {
  const own = homeForTest();
  await own.ok("config", "set", "output-limit", "4KiB");
  await own.ok("enqueue", "--id", "fast", "seq 1 20; sleep 0.4; seq 21 200000");
  const follow = own.start(["logs", "fast", "--follow"]);
  await own.drain();
  const { exitCode, stdout, stderr } = await follow.ended();
  const whole = Array.from({ length: 200_000 }, (_, n) => `${n + 1}\n`).join("");
  expect(exitCode).toBe(0);
  expect(stdout.startsWith(whole.slice(0, 2_048))).toBe(true);
  expect(stdout.endsWith(whole.slice(-2_048))).toBe(true);
  const dropped = Number(/\((\d+) bytes\) were dropped from the middle of stdout/.exec(stderr)?.[1]);
  expect(stdout.length + dropped).toBe(whole.length);
});

test("an unknown job is refused at once", async () => {
  expect((await home.run(["logs", "nobody", "--follow"])).exitCode).toBe(4);
});
