import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type BenchStore, rssMib, until } from "./bench-store.ts";

const WATCHED_MS = 20_000;
const TICKS_PER_SECOND = 100;

/** Linux: resident memory and processor time from /proc. */
export async function* idle({ startWorker }: BenchStore): AsyncGenerator<string> {
  const worker = await startWorker();
  const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e9)"], { stdio: "ignore" });
  const pid = worker.pid ?? 0;
  // The first heartbeat and the first looks are part of starting.
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(3_000);
  const before = cpuTicks(pid);
  await wait(WATCHED_MS);
  const share = (cpuTicks(pid) - before) / TICKS_PER_SECOND / (WATCHED_MS / 1_000);
  const bareMib = await until(() => rssMib(bare.pid ?? 0));
  bare.kill();
  const ours = rssMib(pid);
  yield `memory: worker ${ours.toFixed(1)} MiB, bare node ${bareMib.toFixed(1)} MiB, ratio ${(ours / bareMib).toFixed(2)}`;
  yield `processor: ${(share * 100).toFixed(2)} % of a core over ${WATCHED_MS / 1_000} s`;
}

function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
