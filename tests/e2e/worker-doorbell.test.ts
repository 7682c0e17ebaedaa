import { existsSync, rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { jobWhen, startBackground } from "../support/worker-home.ts";

/** Nothing that happens within a test is due to a poll. */
const NEVER_POLLS = ["--poll-interval", "1h"];

function bell(home: Home): string {
  return `${home.db}.d/bell`;
}

async function enqueue(home: Home, id: string): Promise<void> {
  await home.ok("enqueue", "--id", id, "true");
}

test("an idle worker starts a new job without a poll", async () => {
  const home = homeForTest();
  await startBackground(home, 1, ...NEVER_POLLS);
  for (const id of ["a", "b", "c"]) {
    await enqueue(home, id);
    await jobWhen(home, id, "completed");
  }
});

test("every idle worker is woken by an enqueue of many", async () => {
  const home = homeForTest();
  await startBackground(home, 3, ...NEVER_POLLS);
  // Each job waits until three have started: fewer workers would wait for ever.
  const command = "echo x >> started; while [ $(wc -l < started) -lt 3 ]; do sleep 0.02; done";
  await home.ok("enqueue", JSON.stringify(["a", "b", "c"].map((id) => ({ id, command }))));
  for (const id of ["a", "b", "c"]) await jobWhen(home, id, "completed");
});

test("a dead job that is brought back wakes an idle worker", async () => {
  const home = homeForTest();
  await startBackground(home, 1, ...NEVER_POLLS);
  await home.ok("enqueue", "--id", "a", "--max-retries", "0", "test $QUEUECTL_ATTEMPT = 2");
  await jobWhen(home, "a", "dead");
  await home.ok("dlq", "retry", "a");
  await jobWhen(home, "a", "completed");
});

test("a bell that was deleted is hung up again", async () => {
  const home = homeForTest();
  await startBackground(home, 1, ...NEVER_POLLS);
  // It is up a moment before it has hung its bell.
  await until(() => existsSync(bell(home)), "the bell to hang");
  rmSync(bell(home));
  await until(() => existsSync(bell(home)), "the worker to notice");
  await enqueue(home, "a");
  await jobWhen(home, "a", "completed");
});

test("a bell that cannot be watched leaves the polling", async () => {
  const home = homeForTest();
  await enqueue(home, "first");
  rmSync(bell(home));
  symlinkSync("/no/such/place/bell", bell(home));
  const worker = await home.startWorker(["--poll-interval", "0.1"]);
  await jobWhen(home, "first", "completed");
  await enqueue(home, "second");
  await jobWhen(home, "second", "completed");
  await home.ok("worker", "stop");
  expect(await worker.ended()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("a retry and a delayed job start when they are due, without a poll or a ring", async () => {
  const home = homeForTest();
  await startBackground(home, 1, ...NEVER_POLLS);
  await home.ok("enqueue", "--id", "retried", "--backoff-base", "0.3", "test $QUEUECTL_ATTEMPT = 2");
  await home.ok("enqueue", "--id", "delayed", "--delay", "0.5", "true");
  await jobWhen(home, "retried", "completed");
  await jobWhen(home, "delayed", "completed");
});
