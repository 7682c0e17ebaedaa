import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { pendingJob } from "../support/job-json.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import {
  enqueueHeld,
  jobWhen,
  pidsIn,
  readExecutions,
  readJob,
  showWorkers,
} from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

describe("cancel of what does not run", () => {
  test("is done at once, and says so", async () => {
    const home = homeForTest();
    await home.ok("enqueue", '[{"id":"a","command":"true"},{"id":"b","command":"true","delay":"1h"}]');
    expect(await home.ok("cancel", "a", "b", "a")).toBe(
      "✅ Job a has been cancelled.\n✅ Job b has been cancelled.\n",
    );
    await home.drain();
    expect(await home.json("list")).toMatchObject([
      { id: "a", state: "cancelled" },
      { id: "b", state: "cancelled" },
    ]);
    await home.ok("enqueue", "--id", "c", "true");
    expect(await home.json("cancel", "c")).toEqual([pendingJob({ id: "c", state: "cancelled" })]);
    await home.ok("enqueue", "--id", "d", "true");
    expect(await home.ok("cancel", "d", "--quiet")).toBe("");
  });

  test("with --dry-run only tells what it would be, and so does a retry", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-3", "--id", "sim", "true");
    await home.ok("enqueue", "--quiet", "--id", "a", "true");
    expect(await home.ok("cancel", "sim", "a", "--dry-run")).toBe(
      "Would cancel 3 jobs of the array sim, 1 other job.\n",
    );
    expect(await home.json("cancel", "sim", "--dry-run")).toMatchObject(
      ["sim.1", "sim.2", "sim.3"].map((id) => ({ id, state: "pending" })),
    );
    expect(await home.ok("list", "--state", "cancelled")).toBe("");
    expectRefusal(await home.run(["retry", "a", "--dry-run"]), {
      exitCode: 1,
      says: 'Cannot retry the job "a": it is pending',
    });
    await home.ok("cancel", "sim.2", "a");
    expect(await home.ok("retry", "sim", "a", "--dry-run")).toBe(
      "Would retry 1 job of the array sim, 1 other job.\n",
    );
    expect(await home.json("retry", "sim", "--dry-run")).toMatchObject([{ id: "sim.2", state: "cancelled" }]);
  });

  test("checks all ids first: with one bad, nothing changes", async () => {
    const home = homeForTest();
    await home.ok("enqueue", '[{"id":"done","command":"true"}]');
    await home.drain();
    await home.ok("enqueue", "--id", "gone", "true");
    await home.ok("cancel", "gone");
    await home.ok("enqueue", "--id", "waits", "true");
    const refused = async (ids: string[], exitCode: number, code: string, says: string, remedy: string) => {
      expectRefusal(await home.run(["cancel", ...ids]), { exitCode, says, remedy });
      expectJsonRefusal(await home.run(["cancel", "--json", ...ids]), { exitCode, code });
      expect(readJob(home, "waits").state).toBe("pending");
    };
    await refused(
      ["waits", "done"],
      1,
      "already_finished",
      'Cannot cancel the job "done": it is completed already',
      "queuectl retry done",
    );
    await refused(["waits", "gone"], 1, "already_finished", "it is cancelled already", "queuectl retry gone");
    await refused(["waits", "absent"], 4, "job_not_found", 'There is no job "absent"', "queuectl list");
    await refused(["wait"], 4, "job_not_found", 'There is no job "wait"', "Did you mean waits?");
  });
});

/** A job with a child, one deaf to TERM, and one in a session of its own; `pids` names them. */
const TREE = `
  sleep 300 & echo $! >> pids
  setsid sh -c 'echo $$ >> pids; exec sleep 300' &
  trap '' TERM; echo $$ >> pids; while :; do sleep 0.1; done`;

describe("cancel of a job that runs", () => {
  test("ends its whole tree, TERM first and KILL after the grace, and returns when it is ended", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--command", TREE);
    const worker = await home.startWorker(["--kill-grace", "2"]);
    const tree = await pidsIn(home, "pids", 3);
    const cancel = home.start(["cancel", "a"]);
    await cancel.printed("Waiting for a to end, of worker w-");
    const { exitCode, stdout } = await cancel.ended();
    expect([exitCode, stdout]).toEqual([0, "✅ Job a has been cancelled.\n"]);
    expect(tree.filter(isRunning)).toEqual([]);
    await worker.printed("Job a was cancelled.");
    expect(readJob(home, "a")).toMatchObject({ state: "cancelled", attempts: 0, executions: 1 });
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "cancelled" }]);
    // The worker goes on.
    await home.ok("enqueue", "--id", "b", "true");
    await jobWhen(home, "b", "completed");
  });

  test("does not wait with --no-wait", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await home.startWorker();
    await job.started();
    expect(await home.ok("cancel", "a", "--no-wait")).toBe("✅ Job a is being cancelled.\n");
    await jobWhen(home, "a", "cancelled");
  });

  test("whose worker died before anyone could end it makes it cancelled, not pending", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--command", TREE);
    await home.startWorker();
    const tree = await pidsIn(home, "pids", 3);
    const [holder] = await showWorkers(home);
    kill(holder?.pid ?? 0);
    await until(() => !isRunning(holder?.pid ?? 0), "the worker to die");
    expect(await home.ok("cancel", "a")).toBe("✅ Job a has been cancelled.\n");
    expect(tree.filter(isRunning)).toEqual([]);
    await home.drain();
    expect(readJob(home, "a")).toMatchObject({ state: "cancelled", executions: 1 });
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }]);
  });

  test("whose worker's row was deleted by hand ends too", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await home.startWorker();
    await job.started();
    byHand(home.db, (database) => database.exec("DELETE FROM workers"));
    await home.ok("cancel", "a");
    expect(readJob(home, "a")).toMatchObject({ state: "cancelled" });
  });
});

describe("retry", () => {
  test("runs a finished job again, whatever its end, with all its retries", async () => {
    const home = homeForTest();
    await home.ok(
      "enqueue",
      '[{"id":"done","command":"true"},{"id":"dead","command":"exit 3","max_retries":0}]',
    );
    await home.drain();
    await home.ok("enqueue", "--id", "gone", "true");
    await home.ok("cancel", "gone");
    expect(await home.ok("retry", "done", "dead", "gone")).toBe(
      ["done", "dead", "gone"].map((id) => `✅ Job ${id} has been re-queued for retry.\n`).join(""),
    );
    await home.drain();
    expect(await home.json("list")).toMatchObject([
      { id: "done", state: "completed", attempts: 0 },
      { id: "dead", state: "dead", attempts: 1 },
      { id: "gone", state: "completed" },
    ]);
    expect(readExecutions(home, "done")).toHaveLength(2);
  });

  test("runs a failed job now, and keeps its count of failures", async () => {
    const home = homeForTest();
    await home.ok("enqueue", '{"id":"a","command":"test -e mended","backoff_base":1000,"max_retries":1}');
    const worker = await home.startWorker(["--max-backoff", "1h"]);
    await jobWhen(home, "a", "failed");
    home.write("mended", "");
    expect(await home.json("retry", "a")).toMatchObject([{ id: "a", state: "pending", attempts: 1 }]);
    await worker.printed("Job a completed successfully.");
    expect(readJob(home, "a")).toMatchObject({ attempts: 1, executions: 2 });
  });

  test("is refused for what waits or runs", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "runs");
    await home.startWorker();
    await job.started();
    await home.ok("enqueue", "--id", "waits", "true");
    expectRefusal(await home.run(["retry", "runs"]), {
      exitCode: 1,
      says: 'Cannot retry the job "runs": it is processing',
      remedy: "queuectl cancel runs",
    });
    expectRefusal(await home.run(["retry", "waits"]), {
      exitCode: 1,
      says: "it is pending",
      remedy: "info waits",
    });
    expectRefusal(await home.run(["retry", "absent"]), { exitCode: 4, says: 'There is no job "absent"' });
  });
});
