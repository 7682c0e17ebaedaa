import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForTest } from "../support/queuectl.ts";
import { enqueueHeld, jobWhen, readJob } from "../support/worker-home.ts";

const NONE = { pending: 0, blocked: 0, processing: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 };

describe("queue list", () => {
  test("shows what is set of each queue and how many jobs it has, by name", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "mail", "false", "--max-retries", "0");
    await home.drain();
    await home.ok("enqueue", "--queue", "mail", "true");
    await home.ok("queue", "set", "media", "--concurrency", "4", "--rate", "100/min");
    await home.ok("queue", "pause", "mail");
    const shown = { closed: null, running: 0, concurrency: null, rate: null, opens_at: null };
    expect(await home.json("queue", "list")).toEqual([
      { ...shown, name: "mail", state: "paused", closed: "paused", counts: { ...NONE, pending: 1, dead: 1 } },
      { ...shown, name: "media", state: "open", concurrency: 4, rate: "100/min", counts: NONE },
    ]);
    expect(await home.ok("queue", "list")).toBe(
      "mail\tpaused\t0\t-\t1\t0\t0\t1\t0\nmedia\topen\t0/4\t100/min\t0\t0\t0\t0\t0\n",
    );
    const { stdout } = await home.terminal(["queue", "list", "--no-color"]);
    expect(stdout).toMatch(/^QUEUE +STATE +RUNNING +RATE +PENDING +BLOCKED +FAILED +DEAD +COMPLETED\n/);
    expect(stdout).toMatch(/\nmedia +open +0\/4 +100\/min +0 +0 +0 +0 +0\n/);
  });

  test("of an absent store is empty, and makes none", async () => {
    const home = homeForTest();
    expect(await home.json("queue", "list")).toEqual([]);
    expect((await home.terminal(["queue", "list"])).stdout).toContain("There are no queues.\n");
    expect(home.files()).not.toContain("home/queue.db");
  });

  test("says of a queue that it is full, and of a rate when it opens", async () => {
    const home = homeForTest();
    await home.ok("queue", "set", "media", "--concurrency", "1", "--rate", "1/h");
    const job = await enqueueHeld(home, "a", "--queue", "media");
    await home.startWorker();
    await job.started();
    expect(await home.json("queue", "list")).toMatchObject([{ closed: "full", running: 1 }]);
    expect(await home.ok("queue", "list")).toMatch(/^media\tfull\t1\/1\t/);
    job.letGo();
    await jobWhen(home, "a", "completed");
    const [queue] = await home.json<{ closed: string; opens_at: string }[]>("queue", "list");
    expect(queue?.closed).toBe("pace");
    expect(Date.parse(queue?.opens_at ?? "")).toBeGreaterThan(Date.now());
    expect(await home.ok("queue", "list")).toMatch(/^media\topen, next \d{4}-\d\d-\d\dT[\d:.]+Z\t0\/1\t/);
  });
});

describe("queue set", () => {
  test("sets what is given and leaves the rest; none takes a limit away", async () => {
    const home = homeForTest();
    const limits = async () => {
      const [queue] = await home.json<{ concurrency: number | null; rate: string | null }[]>("queue", "list");
      return [queue?.concurrency, queue?.rate];
    };
    const { stdout, stderr } = await home.run([
      "queue",
      "set",
      "media",
      "--concurrency",
      "2",
      "--rate",
      "5/1s",
    ]);
    expect(stdout).toBe("✅ Queue media runs at most 2 at once, and starts at most 5/s.\n");
    expect(stderr).toBe("The queue media has no jobs yet.\n");
    expect(await limits()).toEqual([2, "5/s"]);
    expect(await home.json("queue", "set", "media", "--rate", "none")).toMatchObject([{ name: "media" }]);
    expect(await limits()).toEqual([2, null]);
    expect(await home.ok("queue", "set", "media", "--concurrency", "none", "--quiet")).toBe("");
    // Nothing is set of it any more, and it has no jobs.
    expect(await home.json("queue", "list")).toEqual([]);
  });

  test.each([
    [["media", "--concurrency", "0"], "a concurrency of 0", "queue pause media"],
    [["media", "--concurrency", "-1"], "a concurrency of -1", "from 1 to"],
    [["media", "--concurrency", "many"], 'a concurrency of "many"', "from 1 to"],
    [["media", "--concurrency", "1.5"], 'a concurrency of "1.5"', "from 1 to"],
    [["media", "--rate", "100"], 'The rate "100" is not allowed: the period is missing', "100/min"],
    [["media", "--rate", "0/s"], "is 0", "queue pause"],
    [["a/b", "--rate", "5/s"], 'cannot be called "a/b"', "letters, digits"],
    [["media"], "Nothing was given", "--concurrency N"],
  ])("refuses %j by what is wrong, and changes nothing", async (args, says, remedy) => {
    const home = homeForTest();
    expectRefusal(await home.run(["queue", "set", ...args]), { exitCode: 1, says, remedy });
    expect(await home.json("queue", "list")).toEqual([]);
  });
});

describe("queue pause", () => {
  test("starts nothing of its queues, lets what runs go on, and resume opens them", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a", "--queue", "media");
    await home.startWorker(["--concurrency", "4"]);
    await job.started();
    expect(await home.ok("queue", "pause", "media", "mail")).toBe(
      "✅ Queue mail is paused.\n✅ Queue media is paused; 1 of it still runs.\n",
    );
    await home.ok("enqueue", "--queue", "media", "--id", "b", "true");
    await home.ok("enqueue", "--queue", "other", "--id", "c", "true");
    await jobWhen(home, "c", "completed");
    job.letGo();
    await jobWhen(home, "a", "completed");
    expect(readJob(home, "b")).toMatchObject({ state: "pending", executions: 0 });
    expect(await home.ok("queue", "resume", "media", "mail")).toBe(
      "✅ Queue mail is open.\n✅ Queue media is open.\n",
    );
    await jobWhen(home, "b", "completed");
  });

  test("of a queue that nobody knows is allowed, and asks whether another was meant", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "true");
    const { exitCode, stderr } = await home.run(["queue", "pause", "meida", "new"]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      "The queue meida has no jobs yet. Did you mean media?\nThe queue new has no jobs yet.\n",
    );
    expect(await home.run(["queue", "pause", "meida", "--quiet"])).toMatchObject({ stdout: "", stderr: "" });
    expect(await home.json("queue", "pause", "new")).toMatchObject([{ name: "new", state: "paused" }]);
    expect(await home.ok("queue", "resume", "meida", "new")).toBe(
      "✅ Queue meida is open.\n✅ Queue new is open.\n",
    );
    expect(await home.json("queue", "list")).toMatchObject([{ name: "media" }]);
  });

  test("checks all names first; so does resume", async () => {
    const home = homeForTest();
    expectRefusal(await home.run(["queue", "pause", "media", "a b"]), { exitCode: 1, says: /"a b"/ });
    expect(await home.json("queue", "list")).toEqual([]);
    await home.ok("queue", "pause", "media");
    expectRefusal(await home.run(["queue", "resume", "media", "medai"]), {
      exitCode: 4,
      says: 'There is no queue "medai"',
      remedy: "Did you mean media?",
    });
    expect(await home.json("queue", "list")).toMatchObject([{ name: "media", state: "paused" }]);
    expectJsonRefusal(await home.run(["queue", "resume", "x", "--json"]), {
      exitCode: 4,
      code: "queue_not_found",
    });
  });
});

describe("queue drain", () => {
  test("takes no new jobs, says what it waits for, and returns when nothing waits or runs", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a", "--queue", "media");
    await home.ok("enqueue", "--queue", "media", "--id", "b", "true");
    const drain = home.start(["queue", "drain", "media"]);
    await drain.printed("Waiting for the jobs of media: 2 waiting; no worker serves it\n");
    expectRefusal(await home.run(["enqueue", "--queue", "media", "true"]), {
      exitCode: 1,
      says: 'the queue "media" is draining',
      remedy: "queuectl queue resume media",
    });
    await home.startWorker();
    await drain.printed("Waiting for the jobs of media: 1 running, 1 waiting\n");
    job.letGo();
    const { exitCode, stdout, stderr } = await drain.ended();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "✅ Queue media is drained.\n" });
    expect(stderr).toMatch(/\nTo open it again: queuectl queue resume media\n$/);
    expect([readJob(home, "a").state, readJob(home, "b").state]).toEqual(["completed", "completed"]);
    await home.ok("queue", "resume", "media");
    await home.ok("enqueue", "--queue", "media", "--id", "c", "true");
    await jobWhen(home, "c", "completed");
  });

  test("runs what waited in a paused queue", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "--id", "a", "true");
    await home.ok("queue", "pause", "media");
    await home.startWorker();
    await home.ok("queue", "drain", "media");
    expect(readJob(home, "a")).toMatchObject({ state: "completed" });
  });

  test("is not ended by a pause, which would let new jobs in", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "true");
    await home.ok("queue", "drain", "media", "--no-wait");
    expectRefusal(await home.run(["queue", "pause", "other", "media"]), {
      exitCode: 1,
      says: 'Cannot pause the queue "media": it is draining',
      remedy: "queuectl queue resume media",
    });
    expect(await home.json("queue", "list")).toMatchObject([{ name: "media", state: "draining" }]);
    await home.ok("queue", "resume", "media");
    await home.ok("queue", "pause", "media");
  });

  test("with --no-wait returns at once", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "true");
    expect(await home.ok("queue", "drain", "media", "--no-wait")).toBe(
      "✅ Queue media takes no new jobs; 1 is left in it.\n",
    );
    expect(await home.json("queue", "drain", "media", "--no-wait")).toMatchObject([
      { name: "media", state: "draining", closed: null, counts: { pending: 1 } },
    ]);
  });

  test("can be interrupted, and goes on draining then", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "true");
    const drain = home.start(["queue", "drain", "media"]);
    await drain.printed("Waiting for the jobs of media");
    drain.kill("SIGINT");
    const { exitCode, stdout, stderr } = await drain.ended();
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(stderr).toContain("It goes on draining. To open it again: queuectl queue resume media\n");
    expect(await home.json("queue", "list")).toMatchObject([{ name: "media", state: "draining" }]);
  });

  test("of a queue that nobody knows is refused: it would end at once, and hold nothing up", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--queue", "media", "true");
    expectRefusal(await home.run(["queue", "drain", "meida"]), {
      exitCode: 4,
      says: 'There is no queue "meida"',
      remedy: "Did you mean media?",
    });
  });
});
