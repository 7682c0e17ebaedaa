import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { countJobs, enqueueHeld, jobWhen, readExecutions, readJob } from "../support/worker-home.ts";
import { kill } from "../support/worker-processes.ts";
import { fault, times } from "./support/fault.ts";

const DISK_BYTES = 4 * 1_048_576;
/** The target is 10 s; wide enough for a busy machine. */
const RESUME_LIMIT_MS = 20_000;

fault(
  "on a full disk commands are refused, the worker keeps its results, and both go on by themselves when there is room",
  {
    row: "15 full",
    target: "20 times: refused <= 6 s, resumes by itself <= 10 s",
    needs: ["root", "mount"],
  },
  async ({ rounds, record }) => {
    const refused: number[] = [];
    const resumed: number[] = [];
    for (let round = 1; round <= rounds(20, 2); round++) {
      const home = homeOnSmallDisk();
      const held = [await enqueueHeld(home, "a"), await enqueueHeld(home, "b")];
      // More than fits in its row: its log wants a file.
      const loud = "while [ ! -e a.go ]; do sleep 0.02; done; seq 1 20000";
      await home.ok("enqueue", "--id", "loud", "--command", loud);
      const worker = await home.startWorker(["--concurrency", "3"]);
      await until(() => countJobs(home, "processing") === 3, "all of them to run");
      await home.ok("enqueue", "--id", "waiting", "--env", `BIG=${"x".repeat(50_000)}`, "true");

      const letRoom = fillDisk(home);
      const from = performance.now();
      expectRefusal(
        await home.run(["enqueue", "--id", "refused", "--env", `BIG=${"x".repeat(50_000)}`, "true"]),
        {
          exitCode: 6,
          says: "is full",
          remedy: "Make room",
        },
      );
      refused.push(performance.now() - from);
      for (const job of held) job.letGo();
      await worker.printed("is full");
      await until(() => home.processes().length === 1, "all but the worker to end");
      // Time for several attempts to record what came of them.
      await pause(500);
      expect(countJobs(home, "completed")).toBe(0);
      expect(readJob(home, "waiting").state).toBe("pending");

      letRoom();
      const roomAt = performance.now();
      for (const id of ["a", "b", "loud", "waiting"]) {
        await jobWhen(home, id, "completed");
        expect(readExecutions(home, id)).toMatchObject([{ outcome: "succeeded" }]);
      }
      resumed.push(performance.now() - roomAt);
      await home.ok("enqueue", "--id", "refused", "true");
      await jobWhen(home, "refused", "completed");
      expectSound(home);
      await home.ok("worker", "stop");
      expect(await worker.ended()).toMatchObject({ exitCode: 0 });
    }
    expect(Math.max(...refused)).toBeLessThan(RESUME_LIMIT_MS);
    expect(Math.max(...resumed)).toBeLessThan(RESUME_LIMIT_MS);
    record(`refused with exit 6 after ${times(refused)}; room to all results recorded ${times(resumed)}`);
  },
);

fault(
  "a disk that turns read-only under a worker is named, loses nothing, and lets all go on when it was mended",
  {
    row: "15 read-only",
    target: "20 times: refused <= 6 s, all runs on the mended disk",
    needs: ["root", "mount", "/dev/loop-control", "mkfs.ext4", "e2fsck"],
  },
  async ({ rounds, record }) => {
    const refused: number[] = [];
    for (let round = 1; round <= rounds(20, 1); round++) {
      const home = homeForTest();
      const disk = BreakableDisk.mount(home);
      const held = await enqueueHeld(home, "held");
      const worker = await home.startWorker();
      await held.started();
      await home.ok("enqueue", "--id", "waiting", "true");

      // Nobody can do it by hand: the worker has files open there.
      expect(spawnSync("mount", ["-o", "remount,ro", home.path]).status).not.toBe(0);
      disk.break();
      const from = performance.now();
      expectRefusal(await home.run(["enqueue", "--id", "refused", "true"]), {
        exitCode: 6,
        says: "is on a read-only disk",
        remedy: "Check the permissions",
      });
      refused.push(performance.now() - from);
      held.letGo();
      await worker.printed(/Reading or writing the database .* failed|cannot be written/);
      expect((await home.json<{ id: string }[]>("list")).map(({ id }) => id)).toEqual(["held", "waiting"]);

      // Only an administrator gets it back, and only when nobody has it open.
      kill(worker.pid);
      await worker.ended();
      disk.mend();
      await home.drain("--quiet");
      for (const id of ["held", "waiting"]) await jobWhen(home, id, "completed");
      expect(readExecutions(home, "held").map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
      expectSound(home);
    }
    expect(Math.max(...refused)).toBeLessThan(RESUME_LIMIT_MS);
    record(`refused with exit 6 after ${times(refused)}; lost 0`);
  },
);

function expectSound({ db }: Home): void {
  const check = byHand(db, (database) => database.prepare("PRAGMA integrity_check").all());
  expect(check).toEqual([{ integrity_check: "ok" }]);
}

/** A file system of its own for a home, which can do what a disk does that fails. */
class BreakableDisk {
  readonly #image: string;
  readonly #path: string;

  private constructor(home: Home) {
    this.#image = join(home.root, "image");
    this.#path = home.path;
  }

  static mount(home: Home): BreakableDisk {
    const disk = new BreakableDisk(home);
    mkdirSync(home.path);
    writeFileSync(disk.#image, "");
    truncateSync(disk.#image, 16 * 1_048_576);
    execFileSync("mkfs.ext4", ["-q", disk.#image]);
    disk.#mount();
    chmodSync(home.path, 0o700);
    unmountAfterTest(home);
    return disk;
  }

  /** As after an error of the device: read-only at once, whoever has files open. */
  break(): void {
    execFileSync("mount", ["-o", "remount,abort", this.#path]);
  }

  mend(): void {
    execFileSync("umount", [this.#path]);
    // 1: there was something to mend, and it was.
    expect(spawnSync("e2fsck", ["-fy", this.#image]).status).toBeLessThanOrEqual(1);
    this.#mount();
  }

  #mount(): void {
    execFileSync("mount", ["-o", "loop", this.#image, this.#path]);
  }
}

/** Its store and all that stands beside it is on a disk of its own. */
function homeOnSmallDisk(): Home {
  const home = homeForTest();
  mkdirSync(home.path);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES},mode=0700`, "tmpfs", home.path]);
  unmountAfterTest(home);
  return home;
}

/** Before the home is removed. What still has a file open there keeps it, out of the way. */
function unmountAfterTest(home: Home): void {
  onTestFinished(() => void execFileSync("umount", ["--lazy", home.path]));
}

/** Takes every byte there is; gives what gives them back. */
function fillDisk(home: Home): () => void {
  const ballast = join(home.path, "ballast");
  const descriptor = openSync(ballast, "w");
  for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  closeSync(descriptor);
  return () => rmSync(ballast);
}
