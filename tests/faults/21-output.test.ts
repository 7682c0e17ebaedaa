import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { countJobs, jobWhen } from "../support/worker-home.ts";
import { childrenOf } from "../support/worker-processes.ts";
import { fault } from "./support/fault.ts";

const MIB = 1_048_576;
const CAP_MIB = 1;
/** What stands behind head and tail in a file. */
const TRAILER_BYTES = 16;
const MOST_RSS_MB = 150;

/** The native launcher's: Node's own gives sockets, which cannot be opened anew; that is documented. */
const WORKER = { env: { QUEUECTL_LAUNCHER: "native" } };

/** Every length of UTF-8. */
const TEXT = "aä→🎬".repeat(50);

/** A job, and what it printed: exactly this, or so much of this line again and again. */
interface Printing {
  id: string;
  command: string;
  stdout: Buffer | { line: string; bytes: number };
  stderr?: string;
}

fault(
  "whatever a job prints and however, its log has it, no other job's log has, and the worker stays small",
  {
    row: "21",
    target:
      "1 GB of output, 300 MB without a newline, binary, split UTF-8: nothing truncated or mixed, RSS < 150 MB, disk <= cap",
    needs: ["cc"],
    limitMs: 180_000,
  },
  async ({ rounds, random, shuffle, record }) => {
    const home = homeForTest();
    const long = rounds(1_000 * MIB);
    const broad = rounds(300 * MIB);
    const binary = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(random() * 256)));
    home.write("binary", binary);
    home.write("text", TEXT);
    const jobs: Printing[] = [
      printing("reopened", "echo a; echo b >/dev/stdout; echo c >/dev/stdout; echo d", "a\nb\nc\nd\n"),
      printing("teed", "echo x | tee /dev/stderr; echo y", "x\ny\n", "x\n"),
      printing("binary", "cat binary", binary),
      // Each byte is a write of its own.
      printing("split", "dd if=text bs=1 status=none", TEXT),
      {
        id: "long",
        command: `yes 'line of long' | head -c ${long}`,
        stdout: { line: "line of long\n", bytes: long },
      },
      { id: "broad", command: `yes | tr -d '\\n' | head -c ${broad}`, stdout: { line: "y", bytes: broad } },
    ];
    await home.ok("config", "set", "output-limit", `${CAP_MIB}MiB`);
    for (const { id, command } of shuffle(jobs))
      await home.ok("enqueue", "--id", id, "--timeout", "0", "--command", command);
    // They print on when their shells have ended, into the same pipe.
    const ghosts = Array.from({ length: 4 }, (_, index) => `ghost-${index}`);
    for (const id of ghosts)
      await home.ok(
        "enqueue",
        "--id",
        id,
        "--command",
        `${id.endsWith("0") ? "setsid " : ""}sh -c 'while echo ${id}; do :; done' & sleep 0.2; echo end`,
      );

    const worker = await home.startWorker(["--concurrency", "4"], WORKER);
    const launchers = childrenOf(worker.pid);
    expect(launchers).toHaveLength(1);
    const all = jobs.length + ghosts.length;
    await until(() => countJobs(home, "completed") === all, "all jobs to complete", 900_000);

    for (const job of jobs) await expectWhole(home, job);
    for (const id of ghosts) await expectOwn(home, id);
    const peak = peakRssMb(worker.pid);
    expect(peak).toBeLessThan(MOST_RSS_MB);
    const largest = Math.max(...outputFiles(home));
    expect(largest).toBe(CAP_MIB * MIB + TRAILER_BYTES);
    record(
      `${Math.round(long / MIB)} MiB of lines, ${Math.round(broad / MIB)} MiB without one, at a cap of ${CAP_MIB} MiB: the worker's peak RSS ${peak} MB, the largest file ${largest} bytes; ${all} logs exact`,
    );
  },
);

fault(
  "a character that the cap cuts through is shown to nobody as another one",
  { row: "21 cut", target: "every place in a character of every length: no U+FFFD" },
  async ({ rounds, record }) => {
    const home = homeForTest();
    home.write("text", TEXT.repeat(20));
    let cuts = 0;
    // The text repeats after ten bytes: each cap cuts it at another place, in front and behind.
    for (let extra = 0; extra < rounds(10, 3); extra++) {
      const id = `cut-${extra}`;
      await home.ok("enqueue", "--id", id, "--command", "cat text");
      await home.drain("--quiet", "--output-limit", String(2_048 + 2 * extra));
      await jobWhen(home, id, "completed");
      const shown = [
        (await home.terminal(["logs", id])).stdout,
        await home.ok("logs", id, "--json"),
        await home.ok("info", id),
        await home.ok("info", id, "--json"),
      ];
      for (const text of shown) expect(text).not.toContain("\ufffd");
      expect(shown[0]).toContain("🎬");
      cuts += 2;
    }
    record(`${cuts} cuts, read by terminal, logs --json and info: U+FFFD 0`);
  },
);

function printing(id: string, command: string, stdout: string | Buffer, stderr = ""): Printing {
  return { id, command, stdout: Buffer.from(stdout), stderr };
}

async function expectWhole(home: Home, { id, stdout: printed, stderr = "" }: Printing): Promise<void> {
  const { bytes, stderr: talk } = await home.run(["logs", id]);
  if (!("line" in printed)) {
    expect(bytes.stdout.equals(printed), `the log of ${id}`).toBe(true);
    expect(talk).toBe(stderr);
    return;
  }
  const half = (CAP_MIB * MIB) / 2;
  const kept = [repeated(printed.line, 0, half), repeated(printed.line, printed.bytes - half, half)];
  expect(bytes.stdout.equals(Buffer.concat(kept)), `the log of ${id}`).toBe(true);
  expect(talk.replaceAll(/\D/g, "")).toContain(String(printed.bytes - 2 * half));
}

/** So many bytes of a line's endless repetition, from an offset on. */
function repeated(line: string, from: number, bytes: number): Buffer {
  const skipped = from % line.length;
  return Buffer.from(line.repeat(Math.ceil((skipped + bytes) / line.length))).subarray(
    skipped,
    skipped + bytes,
  );
}

/** Only its own lines, and none that comes later. */
async function expectOwn(home: Home, id: string): Promise<void> {
  const log = await home.ok("logs", id);
  // The last line may be cut by the end of the one that wrote it.
  expect(new Set(log.split("\n").slice(0, -1))).toEqual(new Set([id, "end"]));
  await pause(100);
  expect(await home.ok("logs", id)).toBe(log);
}

function peakRssMb(pid: number): number {
  const peakKb = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(peakKb) / 1_024);
}

function outputFiles(home: Home): number[] {
  return readdirSync(home.path, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.std(out|err)$/.test(path))
    .map((path) => statSync(join(home.path, path)).size);
}
