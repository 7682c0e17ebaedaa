import { cpSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-tree.ts";
import { type Home, homeForFile, homeForTest } from "../support/queuectl.ts";
import { showWorkers, startBackground } from "../support/worker-home.ts";

/** The store that the examples find: two dead jobs, each run twice, with output on both streams. */
const prepared = homeForFile();

beforeAll(async () => {
  const jobs = ["job1", "job2"].map((id) => ({
    id,
    command: `echo out; echo why >&2; exit 3`,
    max_retries: 1,
    backoff_base: 0.01,
  }));
  await prepared.ok("enqueue", JSON.stringify(jobs));
  await prepared.drain();
});

/** Examples of these verbs make what the others find: they begin without a store. */
const BEGINNERS: readonly string[] = ["enqueue", "demo", "flow run"];

/** Examples that go on until they are stopped. */
const ENDLESS = /--watch\b|^queuectl worker (logs .*--follow\b|start(?!.* --(drain|count|background)\b))/;

/** Examples in whose stores a worker runs. */
const NEEDS_WORKER: readonly string[] = ["worker stop", "worker logs", "worker status"];

async function homeFor(verb: string): Promise<Home> {
  const home = homeForTest();
  home.write("jobs.jsonl", '{"command":"true"}\n{"command":"true"}\n');
  home.write("files.txt", "jobs.jsonl\n");
  if (!BEGINNERS.includes(verb)) cpSync(prepared.path, home.path, { recursive: true });
  home.write("build.yaml", "{ name: build, steps: { a: { run: 'true' }, b: { run: 'true', needs: a } } }");
  // What is dead can run no more; what waits can be cancelled.
  if (verb === "cancel") await home.ok("dlq", "retry", "job1");
  if (verb.startsWith("queue ")) await home.ok("queue", "pause", "media", "mail");
  if (verb.startsWith("key ")) await home.ok("enqueue", "--quiet", "--key", "host=db1", "true");
  if (verb === "worker start") await home.ok("enqueue", "--quiet", "--queue", "media", "true");
  if (verb.startsWith("flow") && verb !== "flow run")
    await home.ok("flow", "run", "build.yaml", "--id", "nightly");
  if (verb.startsWith("schedule ") && verb !== "schedule add")
    await home.ok("schedule", "add", "nightly", "0 3 * * *", "true");
  if (verb === "flow retry") await home.ok("flow", "cancel", "nightly");
  if (NEEDS_WORKER.includes(verb)) await startBackground(home, 1);
  return home;
}

/** A worker's id is not one's to choose: the one that lives stands for the example's. */
async function withLivingWorker(line: string, home: Home): Promise<string> {
  if (!/ w-[0-9a-z]{6}\b/.test(line)) return line;
  const [worker] = await showWorkers(home);
  return line.replace(/ w-[0-9a-z]{6}\b/, ` ${worker?.id}`);
}

const EXAMPLES = COMMANDS.flatMap(({ path, examples }) =>
  examples.map(({ line }) => ({ verb: path.join(" "), line })),
);

describe("an example of the help does what it says:", () => {
  test.each(EXAMPLES.filter(({ line }) => !ENDLESS.test(line)))("$line", async ({ verb, line }) => {
    const home = await homeFor(verb);
    const { exitCode, stderr } = await home.shell(await withLivingWorker(line, home));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("queuectl: ") });
  });

  test.each(EXAMPLES.filter(({ line }) => ENDLESS.test(line)))("$line", async ({ verb, line }) => {
    const home = await homeFor(verb);
    const command = home.start(line.split(" ").slice(1));
    await command.printed(/.\n/);
    expect(command.stderr).toBe("");
    command.kill("SIGTERM");
    await command.ended();
  });
});
