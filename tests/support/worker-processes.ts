import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { onTestFinished } from "vitest";
import { until } from "./queuectl.ts";

/** Processes as the kernel shows them, read without the code under test. */

/** The living processes that were started with this entry, such as `NAME=value`, in their environment. */
export function processesWith(entry: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(entry));
}

/** Ends what a test may have left behind, by pid, when the test is over. */
export function endAfterTest(entry: string): void {
  onTestFinished(async () => {
    await until(() => {
      const left = processesWith(entry);
      for (const pid of left) kill(pid);
      return left.length === 0;
    }, `every process with ${entry} to end`);
  });
}

/** False for one that has ended, whether or not its parent has taken note. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== "Z" && stat.state !== "X";
}

/** True once its parent can take note of its end: one whose first thread has ended waits for the others. */
export function isReapable(pid: number): boolean {
  const stat = statOf(pid);
  return stat === undefined || (stat.state === "Z" && stat.threads <= 1);
}

/** What proc_pid_stat(5) says of a process; undefined when there is none. */
export function statOf(
  pid: number,
):
  | { state: string; parent: number; group: number; session: number; threads: number; startTime: string }
  | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
  const at = (index: number) => fields[index] ?? "";
  return {
    state: at(0),
    parent: Number(at(1)),
    group: Number(at(2)),
    session: Number(at(3)),
    threads: Number(at(17)),
    startTime: at(19),
  };
}

/** The living processes whose parent this one is. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))?.parent === pid)
    .map(Number)
    .filter(isRunning);
}

/** The paths of what a process has open at this moment. */
export function filesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      // Closed since.
      return [];
    }
  });
}

/** Kills a process; one that has ended already is none the worse. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  // 0 would be this very process group, 1 the whole container.
  if (!(pid > 1)) throw new Error(`There is no process ${pid} to kill`);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function environmentOf(pid: number): string[] {
  return read(`/proc/${pid}/environ`).split("\0");
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
