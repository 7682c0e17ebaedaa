import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { jobWhen, readExecutions } from "../support/worker-home.ts";
import { childrenOf } from "../support/worker-processes.ts";
import { fault } from "./support/fault.ts";

/** Why a process may not start, and what must be said of it. */
interface Refusal {
  name: string;
  says: RegExp;
  needs?: readonly string[];
  /** What starts the worker, and whatever else uses its store. */
  through?(home: Home): readonly string[];
  /** The job that is refused; and before it is enqueued, what makes it so. */
  job?(home: Home): object;
  /** Puts the worker in need, and gives what ends that. */
  strike?(worker: { pid: number; through: readonly string[] }, home: Home): () => unknown;
  /** What can be run all the same, or afterwards. */
  good?: object;
}

const PLAIN = { command: "true" };

const REFUSALS: readonly Refusal[] = [
  {
    name: "a working directory that is gone",
    says: /^the working directory \S+\/gone does not exist on this host$/,
    job: (home) => ({ command: "true", cwd: join(home.cwd, "gone") }),
    strike: (_, { cwd }) => {
      mkdirSync(join(cwd, "gone"), { recursive: true });
      rmdirSync(join(cwd, "gone"));
      return () => {};
    },
  },
  {
    name: "an environment that is too long",
    says: /\(E2BIG\)$/,
    // Linux takes 128 KiB in one string.
    job: () => ({ command: "true", env: { LONG: "x".repeat(200_000) } }),
  },
  {
    name: "no shell",
    says: /^there is no shell \/bin\/sh on this host \(ENOENT\)$/,
    needs: ["root", "unshare", "mount"],
    through: hideShell,
    good: { argv: [process.execPath, "-e", "0"] },
  },
  {
    name: "no more processes",
    says: /^the system has no room for another process \(EAGAIN\)$/,
    needs: ["prlimit", "setpriv"],
    // No limit on processes holds for root.
    through: asAnotherUser,
    strike: (worker) => limit("nproc", 1, worker),
  },
  {
    name: "no more descriptors",
    says: /^too many files are open \(EMFILE\)$/,
    needs: ["prlimit"],
    // What is open stays open; it takes nothing new.
    strike: (worker) => limit("nofile", 3, worker),
  },
];

for (const { name, says, needs = [], through, job, strike, good } of REFUSALS) {
  fault(
    `${name} fails the one execution by name, and leaves the worker and its siblings alive`,
    { row: `13 ${name}`, target: "20 times: named error, worker alive", needs },
    async ({ rounds, record }) => {
      const home = homeForTest();
      const options = { through: through?.(home) ?? [] };
      const worker = await home.startWorker(["--queue", "default"], options);
      const sibling = await home.startWorker(["--queue", "other"], options);
      const enqueue = async (id: string, fields: object): Promise<void> => {
        const line = JSON.stringify({ ...fields, id, max_retries: 0, timeout: 60 });
        const result = await home.run(["enqueue", "--file", home.write("job.jsonl", line)], options);
        expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      };
      const times = rounds(20, 1);
      for (let round = 1; round <= times; round++) {
        const lift = strike?.({ pid: worker.pid, ...options }, home);
        await enqueue(`bad-${round}`, job?.(home) ?? PLAIN);
        await jobWhen(home, `bad-${round}`, "dead");
        await worker.printed(`Job bad-${round} failed`);
        const { executions } = await home.json<{ executions: object[] }>("info", `bad-${round}`);
        expect(executions).toMatchObject([{ outcome: "spawn_failed", error: expect.stringMatching(says) }]);
        lift?.();
        await enqueue(`good-${round}`, good ?? PLAIN);
        await jobWhen(home, `good-${round}`, "completed");
        expect(readExecutions(home, `good-${round}`)).toHaveLength(1);
      }
      for (const { stdout } of [worker, sibling]) expect(stdout).not.toMatch(/is dead|taken for dead/);
      record(
        `${times} times "${(await home.json<{ error: string }>("info", "bad-1")).error}", and each time the next job ran`,
      );
    },
  );
}

/** In a mount namespace where an empty directory stands in the place of the system's programs. */
function hideShell({ root }: Home): readonly string[] {
  const empty = join(root, "empty");
  mkdirSync(empty);
  return ["unshare", "--mount", "/bin/sh", "-c", 'mount --bind "$0" /bin && exec "$@"', empty];
}

function asAnotherUser({ root, cwd }: Home): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  // One whom nobody else is.
  const uid = 61_234;
  for (const directory of [root, cwd]) chownSync(directory, uid, uid);
  return ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
}

/**
 * Lowers a limit of a process that runs and of all that it has started (a native launcher and its keepers start the jobs
 * in its place), and gives what raises it again. They must be one's own.
 */
function limit(
  name: "nproc" | "nofile",
  most: number,
  { pid, through }: { pid: number; through: readonly string[] },
): () => void {
  const [file = "", ...words] = [...through, "prlimit"];
  const prlimit = (of: number, ...more: string[]) =>
    execFileSync(file, [...words, "--pid", String(of), ...more], { encoding: "utf8" }).trim();
  const before = prlimit(pid, `--${name}`, "--noheadings", "--output=SOFT");
  const family = [pid, ...descendantsOf(pid)];
  for (const each of family) prlimit(each, `--${name}=${most}:`);
  return () => {
    for (const each of family) prlimit(each, `--${name}=${before}:`);
  };
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}
