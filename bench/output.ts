import { spawn } from "node:child_process";
import { finished } from "node:stream/promises";
import { type BenchStore, rssMib, until } from "./bench-store.ts";

const BYTES = 1_000_000_000;

/** How a job prints a gigabyte: with and without line breaks. */
const WRITERS = {
  "text lines": `yes 'a line of text as programs print them, 64 bytes of it, or so...' | head -c ${BYTES}`,
  "no newline": `head -c ${BYTES} /dev/zero`,
};

/** Memory is that of the worker, or the command, looked at every 10 ms. Linux. */
export async function* output({ queuectl, startWorker, argv, env }: BenchStore): AsyncGenerator<string> {
  const worker = await startWorker();
  const before = rssMib(worker.pid ?? 0);
  const capture = async (id: string, command: string) => {
    const memory = watchMemory(worker.pid ?? 0);
    queuectl("enqueue", "--id", id, command);
    const job = await until(() => {
      const info = JSON.parse(queuectl("info", id, "--json"));
      return info.state === "completed" ? info : undefined;
    });
    return `${mbPerSecond(job.executions[0].duration)} MB/s, worker at most ${memory.stop()} MiB`;
  };
  yield `idle worker: ${before.toFixed(0)} MiB`;
  for (const [name, command] of Object.entries(WRITERS))
    yield `${name}, 10 MiB kept: ${await capture(`capped-${name.replace(" ", "-")}`, command)}`;
  queuectl("config", "set", "output-limit", "1GB");
  yield `text lines, all kept: ${await capture("whole", WRITERS["text lines"])}`;
  for (const flags of [[], ["--json"], ["--tail", "1000000"]]) {
    const startedAt = performance.now();
    const logs = spawn(process.execPath, argv("logs", "whole", ...flags), {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const memory = watchMemory(logs.pid ?? 0);
    let bytes = 0;
    logs.stdout.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    await finished(logs.stdout);
    const seconds = (performance.now() - startedAt) / 1_000;
    yield `logs ${flags.join(" ")}: ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s, at most ${memory.stop()} MiB`;
  }
}

function mbPerSecond(seconds: number): string {
  return (BYTES / 1e6 / seconds).toFixed(0);
}

function watchMemory(pid: number): { stop(): string } {
  let most = 0;
  const look = (): void => {
    try {
      most = Math.max(most, rssMib(pid) || 0);
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 10);
  return {
    stop: () => {
      clearInterval(timer);
      return most.toFixed(0);
    },
  };
}
