import { expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { jobWhen, readExecutions, showWorkers, startBackground } from "../support/worker-home.ts";
import { kill } from "../support/worker-processes.ts";

const MIB = 1_048_576;

/** A shell command of exactly so many bytes: what it does, then a comment with a secret in it. */
function commandOf(bytes: number, does = "wc -c < /proc/$$/cmdline", filler = "x"): string {
  const begin = `${does}\n# hunter2 `;
  const room = bytes - Buffer.byteLength(begin);
  return (
    begin + filler.repeat(room / Buffer.byteLength(filler)) + "x".repeat(room % Buffer.byteLength(filler))
  );
}

async function enqueue(home: Home, ...jobs: object[]) {
  const stdin = jobs.map((job) => `${JSON.stringify(job)}\n`).join("");
  return await home.run(["enqueue", "-"], { stdin });
}

const scripts = (home: Home) => home.files().filter((name) => /\/scripts\/.*\.sh$/.test(name));

test("a command of 100 kB is an argument; longer ones are not, up to a mebibyte, and run all the same", async () => {
  const home = homeForTest();
  const sizes = [100_000, 100_001, 131_072, 200_000, MIB];
  await enqueue(home, ...sizes.map((bytes) => ({ id: `job-${bytes}`, command: commandOf(bytes) })));
  await home.drain("--concurrency", "2");
  const seen = [];
  for (const bytes of sizes) seen.push(Number(await home.ok("logs", `job-${bytes}`)));
  expect(seen[0]).toBe(100_000 + "/bin/sh\0-c\0\0".length);
  for (const shown of seen.slice(1)) expect(shown).toBeLessThan(500);
  expect(scripts(home)).toEqual([]);
});

test("the length is counted in bytes", async () => {
  const home = homeForTest();
  const command = commandOf(100_001, "wc -c < /proc/$$/cmdline", "é");
  expect(command.length).toBeLessThan(60_000);
  await enqueue(home, { id: "a", command });
  await home.drain();
  expect(Number(await home.ok("logs", "a"))).toBeLessThan(500);
});

test.each([
  ["a command", { command: commandOf(MIB + 1) }, `The job's "command" is longer than ${MIB} bytes`],
  [
    "an argument",
    { argv: ["true", "x".repeat(100_001)] },
    "An argument of the job is longer than 100000 bytes",
  ],
  ["the arguments together", { argv: Array(12).fill("x".repeat(100_000)) }, "is longer than"],
])("%s beyond its limit is refused, and nothing is enqueued", async (_, job, message) => {
  const home = homeForTest();
  const { exitCode, stderr } = await enqueue(home, { command: "true" }, job);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
  expect(await home.json("list")).toEqual([]);
});

test("an argument of 100 kB runs", async () => {
  const home = homeForTest();
  await enqueue(home, { id: "a", argv: ["printf", "%s", "x".repeat(100_000)] });
  await home.drain();
  expect(await home.ok("logs", "a")).toHaveLength(100_000);
});

test("the script is its owner's alone, whatever the umask, and gone after a failure and a timeout too", async () => {
  const home = homeForTest();
  const look = `stat -c %a "$0" "$(dirname "$0")"; exit 3`;
  await enqueue(
    home,
    { id: "fails", command: commandOf(150_000, look), max_retries: 0 },
    { id: "slow", command: commandOf(150_000, "sleep 60"), max_retries: 0, timeout: 0.3 },
  );
  await home.shell("umask 0; queuectl worker start --drain");
  expect(await home.ok("logs", "fails")).toBe("600\n700\n");
  expect((await jobWhen(home, "slow", "dead")).attempts).toBe(1);
  expect(scripts(home)).toEqual([]);
});

test("the script of a worker that was killed is removed by whoever takes its jobs back", async () => {
  const home = homeForTest();
  const waits = `[ "$QUEUECTL_ATTEMPT" = 2 ] || sleep 60`;
  await enqueue(home, { id: "a", command: commandOf(150_000, waits) });
  await startBackground(home, 1);
  await until(() => scripts(home).length === 1, "the script");
  const [worker] = await showWorkers(home);
  kill(worker?.pid ?? 0);
  await home.drain();
  expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }, { outcome: "succeeded" }]);
  expect(scripts(home)).toEqual([]);
});

test("a worker's log shows the beginning of a long command", async () => {
  const home = homeForTest();
  await enqueue(home, { id: "a", command: commandOf(MIB, "true") });
  const { stdout } = await home.run(["worker", "start", "--drain"]);
  expect(stdout).toContain("Claimed job a: true");
  expect(stdout.length).toBeLessThan(5_000);
});
