import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { jobWhen, readJob } from "../support/worker-home.ts";

const MIB = 1_048_576;

/** What one job prints before the other one's time is up, at least. */
const PRINTED_BYTES = 200_000_000;

test.skipIf(!existsSync("/proc/self/status"))(
  "a job that prints 200 MB and more costs its worker no memory to speak of, and holds up no other job's timeout",
  async () => {
    const home = homeForTest();
    await home.ok("config", "set", "output-limit", "2MiB");
    const worker = await home.startWorker(["--concurrency", "2", "--kill-grace", "0"]);
    const before = residentBytes(worker.pid);
    let most = before;
    const command = `head -c ${PRINTED_BYTES} /dev/zero; until [ -e struck ]; do head -c 10000000 /dev/zero; done`;
    await home.ok("enqueue", "--id", "loud", command);
    await until(() => readJob(home, "loud").state === "processing", "the loud job to start");
    await home.ok("enqueue", "--id", "timed", "--timeout", "0.5", "--max-retries", "0", "sleep 600");
    await until(() => {
      most = Math.max(most, residentBytes(worker.pid));
      return readJob(home, "timed").state === "dead";
    }, "the timeout to strike");
    expect(readJob(home, "loud").state, "the one job while the other prints").toBe("processing");
    home.write("struck", "");
    await jobWhen(home, "loud", "completed");
    most = Math.max(most, residentBytes(worker.pid));
    expect(await home.json("info", "timed")).toMatchObject({ executions: [{ outcome: "timed_out" }] });
    expect(most - before).toBeLessThan(128 * MIB);

    const { stdout, stderr } = await home.run(["logs", "loud"]);
    expect(stdout).toHaveLength(2 * MIB);
    const dropped = Number(/\((\d+) bytes\) were dropped from the middle of stdout/.exec(stderr)?.[1]);
    expect(dropped).toBeGreaterThanOrEqual(PRINTED_BYTES - 2 * MIB);
    expect((dropped + 2 * MIB - PRINTED_BYTES) % 10_000_000).toBe(0);
  },
);

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}
