import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";

/**
 * What differs by platform when processes are started, told apart and ended; nothing else in queuectl asks where it
 * runs. Linux is what the tests run on. macOS takes the same branches without /proc: no start times, no namespaces, no
 * search by marker. The Windows branches are written after its documentation and have not been run anywhere yet.
 */
const isWindows = process.platform === "win32";

/** The shell's argv for a command line. On Windows the line is to be passed on as it stands (`shellIsVerbatim`). */
export function shellArgv(command: string): string[] {
  return isWindows ? ["cmd.exe", "/d", "/s", "/c", `"${command}"`] : ["/bin/sh", "-c", command];
}

/** The shell's argv for a script in a file. */
export function shellScriptArgv(path: string): string[] {
  return isWindows ? ["cmd.exe", "/d", "/s", "/c", `"${path}"`] : ["/bin/sh", path];
}

/** By which the shell knows its scripts. */
export const SCRIPT_SUFFIX: string = isWindows ? ".cmd" : ".sh";

/** True where the arguments of the shell must not be quoted again. */
export const shellIsVerbatim: boolean = isWindows;

/** Sends a signal to a whole process group. False when there is no such group any more. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  if (isWindows) return signalTreeOnWindows(groupId, signal);
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    // EPERM: processes are there, but not ours to signal (a job that became another user).
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The name of a signal of this system, by its number. */
export function signalName(number: number): NodeJS.Signals {
  const named = Object.entries(constants.signals).find(([, value]) => value === number);
  return (named?.[0] ?? `SIG${number}`) as NodeJS.Signals;
}

/** Many jobs that end at once look at the same table; so long one reading of it serves them all. */
const GROUPS_KEPT_MS = 50;

let running = { groups: new Set<number>(), readAtMs: Number.NEGATIVE_INFINITY };

/**
 * Whether a process of the group still runs. Where init reaps slowly, or never (a container with a plain program as PID 1),
 * orphans that have ended keep the group in being as zombies; nobody need wait for those.
 * @param sinceMs monotonic: no older reading will do, it may be from before the group was there
 */
export function isGroupRunning(groupId: number, sinceMs: number): boolean {
  if (!signalGroup(groupId, 0)) return false;
  const now = performance.now();
  if (running.readAtMs <= sinceMs || now - running.readAtMs >= GROUPS_KEPT_MS)
    running = { groups: readRunningGroups(), readAtMs: now };
  return running.groups.size === 0 || running.groups.has(groupId);
}

/** Empty where the process table cannot be read, or not now. */
function readRunningGroups(): Set<number> {
  try {
    const found = listPids().map(readProcess);
    return new Set(found.flatMap((process) => (process && !process.isZombie ? [process.group] : [])));
  } catch {
    return new Set();
  }
}

/** No groups and no TERM there: a tree is ended at once, by its root, or looked at. */
function signalTreeOnWindows(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (signal === "SIGTERM" || signal === "SIGKILL") spawnSync("taskkill", ["/T", "/F", "/PID", String(pid)]);
  return isPidInUse(pid);
}

/** So many processes are looked at before the event loop gets its turn. */
const PIDS_A_TURN = 32;

/**
 * The processes that have a variable in the environment they were started with, by its value; this one is left out.
 * One pass over /proc: 2 ms at 70 processes, 25 ms at 1,000. Empty where it cannot be read.
 * @throws when there is no descriptor left to read it with: who was not seen may be there
 */
export async function findByVariable(name: string): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const [index, pid] of listPids().entries()) {
    if (index % PIDS_A_TURN === PIDS_A_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    const value = pid === process.pid ? undefined : readVariable(pid, name);
    if (value !== undefined) found.set(value, [...(found.get(value) ?? []), pid]);
  }
  return found;
}

function readVariable(pid: number, name: string): string | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    // Gone meanwhile, or another user's.
    return undefined;
  }
}

function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}

/** @throws when there is no descriptor left to read them with */
function listPids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    return [];
  }
}

/** What the kernel says of a process. */
interface ProcessFacts {
  /** In its own unit, since the boot: tells a process from a later one of the same pid. */
  startTime: string;
  group: number;
  isZombie: boolean;
}

/** `/proc/<pid>/stat`, proc_pid_stat(5): the name in parentheses may hold anything, so the fields count from its end. */
export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, , group, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startTime = fields[16];
    if (startTime === undefined) return undefined;
    return { startTime, group: Number(group), isZombie: state === "Z" || state === "X" };
  } catch {
    return undefined;
  }
}

/** The pid namespace of this process; null where there are none. */
export function readPidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/** True when there is a process of this pid, whoever it is. */
export function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
