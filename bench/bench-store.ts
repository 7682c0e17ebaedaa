import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const QUEUECTL = fileURLToPath(new URL("../queuectl.js", import.meta.url));

/** The command in a home of its own, and the workers that were started there. */
export interface BenchStore {
  directory: string;
  /** Runs a command to its end and gives back what it printed. @throws when it fails */
  queuectl(...args: string[]): string;
  /** The argv of a command, for those who start it themselves. */
  argv(...args: string[]): string[];
  env: NodeJS.ProcessEnv;
  /** A foreground worker, once it polls. */
  startWorker(...args: string[]): Promise<ChildProcess>;
  remove(): Promise<void>;
}

export function openBenchStore(): BenchStore {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-bench-"));
  const env = { ...process.env, QUEUECTL_HOME: directory };
  const workers: ChildProcess[] = [];
  const argv = (...args: string[]) => [QUEUECTL, ...args];
  const queuectl = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, argv(...args), {
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`queuectl ${args.join(" ")} failed: ${stderr}`);
    return stdout;
  };
  return {
    directory,
    env,
    argv,
    queuectl,
    async startWorker(...args) {
      const worker = spawn(process.execPath, argv("worker", "start", ...args), {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      workers.push(worker);
      for await (const text of worker.stdout ?? []) if (String(text).includes("Polling for jobs...")) break;
      return worker;
    },
    async remove() {
      queuectl("worker", "stop", "--force");
      for (const worker of workers) worker.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Looks until there is an answer. */
export async function until<T>(look: () => T | undefined, limitMs = 60_000): Promise<T> {
  const giveUpAt = performance.now() + limitMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Error("what was waited for did not come");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lines of a file that jobs append to; empty as long as there is none. */
export function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** Resident memory of a process. Linux. */
export function rssMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
}

/** Milliseconds since the epoch, to the nanosecond, as `date +%s%N` writes it. */
export function fromDate(nanoseconds: string | undefined): number {
  return Number(nanoseconds) / 1e6;
}

/** Smallest, median, 99th percentile, largest. */
export function summary(values: readonly number[], unit: string): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(1);
  return `min ${at(0)}  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ${unit} (n = ${values.length})`;
}
