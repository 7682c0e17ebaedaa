import {
  chmodSync,
  constants,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  encodeKill,
  encodeSpawn,
  encodeTaken,
  encodeTerminate,
  WINDOW_BYTES,
} from "../../src/worker/native-protocol.ts";
import { compileSanitized, NativeProcess } from "../support/native-process.ts";
import { until } from "../support/queuectl.ts";
import { isRunning, kill, statOf } from "../support/worker-processes.ts";

const PATH = compileSanitized();

/** Says its pid, leaves session and environment behind, and is deaf to all but KILL. */
const ESCAPE = `env -i setsid sh -c 'trap "" TERM HUP INT; echo $$; while :; do sleep 0.1; done'`;
/** The same, with the shell that started it gone, and the one before. */
const ESCAPE_AND_STAY = `sh -c '${ESCAPE.replaceAll("'", "'\\''")} &' & wait; sleep 300`;

/** A launcher that must not have found anything wrong with its own memory. */
function launcher(): NativeProcess {
  return new NativeProcess(PATH);
}

function frame(
  kind: number,
  job: number,
  body: Buffer = Buffer.alloc(0),
  length: number = body.length,
): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(length, 0);
  header.writeUInt32LE(kind, 4);
  header.writeUInt32LE(job, 8);
  return Buffer.concat([header, body]);
}

describe("a job", () => {
  test("is told from its start to its end, after which its number may come again", async () => {
    const native = launcher();
    native.shell(7, "echo out; echo err >&2; exit 3");
    await native.hears("gone", 7);
    expect(native.messages.at(0)).toEqual({ kind: "hello" });
    expect(native.messages.at(-1)).toEqual({ kind: "gone", job: 7 });
    expect(native.output(7)).toBe("out\n");
    expect(native.output(7, "stderr")).toBe("err\n");
    expect(native.heard("exited", 7)).toMatchObject([{ end: { kind: "exited", exitCode: 3 } }]);
    native.shell(7, "kill -9 $$");
    await until(() => native.heard("gone", 7).length === 2, "the second");
    expect(native.heard("exited", 7)[1]).toMatchObject({ end: { kind: "signalled", signal: "SIGKILL" } });
  });

  test("is told what it cost, with the children that it waited for", async () => {
    const native = launcher();
    native.shell(1, "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; :");
    const { cpuMs, maxRssKb } = await native.hears("exited", 1);
    expect(cpuMs).toBeGreaterThan(20);
    expect(maxRssKb).toBeGreaterThan(500);
  });

  test.each<[string, string[], string | undefined, string]>([
    ["there is no such program", ["/no/such/program"], undefined, "ENOENT"],
    ["it is not executable", ["/etc/passwd"], undefined, "EACCES"],
    ["its directory is gone", ["true"], "/no/such/directory", "ENOENT"],
    ["its directory is a file", ["true"], "/etc/passwd", "ENOTDIR"],
    ["it is too long", ["true", "x".repeat(3_000_000)], undefined, "E2BIG"],
  ])("is refused when %s", async (_, argv, cwd, code) => {
    const native = launcher();
    native.spawn(1, argv, { cwd });
    expect(await native.hears("refused", 1)).toMatchObject({ code });
    native.spawn(1, ["true"]);
    await native.hears("gone", 1);
  });

  test("inherits three descriptors, no blocked or ignored signal, and no variable", async () => {
    const native = launcher();
    native.shell(1, "ls /proc/$$/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status; cat /proc/$$/environ", {
      env: { A: "b" },
    });
    await native.hears("gone", 1);
    expect(native.output(1)).toBe("0\n1\n2\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nA=b\0");
  });

  test("is sent on no further than the window, while others go on", async () => {
    const native = launcher();
    const total = 5 * WINDOW_BYTES;
    native.shell(1, `head -c ${total} /dev/zero`);
    native.shell(2, `head -c ${total} /dev/zero >&2`);
    const read = (job: number, stream?: string) => native.output(job, stream).length;
    await until(
      () => read(1) === WINDOW_BYTES && read(2, "stderr") === WINDOW_BYTES,
      "both windows to be full",
    );
    for (let taken = 0; taken < total; taken += WINDOW_BYTES) {
      await until(() => read(1) - taken === Math.min(WINDOW_BYTES, total - taken), "the next window");
      native.send(encodeTaken(1, "stdout", WINDOW_BYTES));
    }
    await native.hears("gone", 1);
    expect(read(1)).toBe(total);
    expect(read(2, "stderr")).toBe(WINDOW_BYTES);
    expect(native.heard("exited", 2)).toEqual([]);
  });

  test("is over when nothing of it is left, whatever it wiped or left; and so for each job apart", async () => {
    const native = launcher();
    native.shell(1, ESCAPE_AND_STAY);
    const other = await native.printedPid(1);
    native.shell(2, `sh -c '${ESCAPE.replaceAll("'", "'\\''")} &'; sleep 0.2; exit 4`);
    const escaped = await native.printedPid(2);
    await native.hears("gone", 2);
    expect(isRunning(escaped)).toBe(false);
    expect(isRunning(other)).toBe(true);
    native.send(encodeKill(1));
    await native.hears("gone", 1);
    expect(isRunning(other)).toBe(false);
  });

  test("that was told to terminate keeps its group until it is killed", async () => {
    const native = launcher();
    native.shell(1, `(trap 'echo tidied' TERM; echo $$; while :; do sleep 0.05; done) & wait`);
    await native.printedPid(1);
    native.send(encodeTerminate(1));
    await until(() => native.output(1).includes("tidied"), "the child to get its TERM");
    expect(native.heard("exited", 1)).toEqual([]);
    native.send(encodeKill(1));
    expect((await native.hears("exited", 1)).end).toEqual({ kind: "signalled", signal: "SIGTERM" });
    await native.hears("gone", 1);
  });

  test("that takes its own output out of the pipe does not hold its keeper: no read of it waits", async () => {
    const native = launcher();
    native.shell(1, "echo $$; sleep 300");
    await native.printedPid(1);
    const keeper = native.processes.find((pid) => pid !== native.pid);
    const isPipe = (fd: string) => readlinkSync(`/proc/${keeper}/fd/${fd}`).startsWith("pipe:");
    const pipes = readdirSync(`/proc/${keeper}/fd`).filter((fd) => Number(fd) > 3 && isPipe(fd));
    const flags = pipes.map((fd) =>
      Number.parseInt(
        /flags:\s+(\d+)/.exec(readFileSync(`/proc/${keeper}/fdinfo/${fd}`, "utf8"))?.[1] ?? "",
        8,
      ),
    );
    expect(flags.map((bits) => bits & constants.O_NONBLOCK)).toEqual([
      constants.O_NONBLOCK,
      constants.O_NONBLOCK,
    ]);
  });

  test.runIf(process.getuid?.() === 0)(
    "that became another user's is lost a while after its kill, and others go on",
    async () => {
      const native = new NativeProcess(PATH, 65_534);
      const directory = mkdtempSync(join(tmpdir(), "queuectl-test-"));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      chmodSync(directory, 0o755);
      const sudo = join(directory, "sudo");
      copyFileSync("/usr/bin/setpriv", sudo);
      chmodSync(sudo, 0o4755);
      native.spawn(1, [sudo, "--reuid=0", "sh", "-c", "echo $$; exec sleep 60"], { cwd: "/" });
      const pid = await native.printedPid(1);
      native.send(encodeKill(1));
      native.spawn(2, ["true"]);
      await native.hears("gone", 2);
      await native.hears("lost", 1);
      expect(isRunning(pid)).toBe(true);
      expect(native.heard("gone", 1)).toEqual([]);
      native.spawn(3, ["true"]);
      await native.hears("gone", 3);
    },
  );

  test("that is over already takes no notice of what is still said to it", async () => {
    const native = launcher();
    native.spawn(1, ["/no/such/program"]);
    native.send(encodeTerminate(1), encodeKill(1), encodeTaken(1, "stdout", 10));
    native.spawn(2, ["true"]);
    native.send(encodeKill(1));
    await native.hears("gone", 2);
    await native.hears("refused", 1);
    expect(native.heard("refused", 1)).toHaveLength(1);
  });
});

describe("whoever is killed, nothing is left:", () => {
  test("the worker", async () => {
    const native = launcher();
    native.shell(1, ESCAPE_AND_STAY);
    native.shell(2, ESCAPE_AND_STAY);
    const escaped = [await native.printedPid(1), await native.printedPid(2)];
    native.hangUp();
    expect(await native.ended()).toBe(0);
    expect(escaped.filter(isRunning)).toEqual([]);
    expect(native.processes).toEqual([]);
  });

  test("the launcher", async () => {
    const native = launcher();
    native.shell(1, ESCAPE_AND_STAY);
    const escaped = await native.printedPid(1);
    kill(native.pid);
    await until(() => !isRunning(escaped) && native.processes.length === 0, "the tree and the keeper to end");
  });

  test("a keeper, and only its own job is lost", async () => {
    const native = launcher();
    native.shell(1, ESCAPE_AND_STAY);
    const escaped = await native.printedPid(1);
    const [keeper = 0] = native.processes.filter((pid) => pid !== native.pid);
    native.shell(2, "echo $$; read line; exit 5", { stdin: null });
    native.shell(3, ESCAPE_AND_STAY);
    const other = await native.printedPid(3);
    kill(keeper);
    await native.hears("lost", 1);
    await until(() => !isRunning(escaped), "what the keeper left to end");
    expect(isRunning(other)).toBe(true);
    native.spawn(4, ["true"]);
    await native.hears("gone", 4);
  });
});

describe("a job that stops its keeper", () => {
  const isStopped = (pid: number) => statOf(pid)?.state === "T";
  const STOP_KEEPER = "echo $$; sleep 0.2; kill -STOP $PPID; sleep 300";

  test("is lost a while after its kill", async () => {
    const native = launcher();
    native.shell(1, STOP_KEEPER);
    const pid = await native.printedPid(1);
    await until(() => native.processes.some(isStopped), "the keeper to be stopped");
    native.send(encodeKill(1));
    await until(() => native.heard("lost", 1).length > 0, "the keeper to be given up");
    await until(() => !isRunning(pid), "what the keeper left to end");
    native.spawn(2, ["true"]);
    await native.hears("gone", 2);
  });

  test("does not outlive the worker", async () => {
    const native = launcher();
    native.shell(1, STOP_KEEPER);
    const pid = await native.printedPid(1);
    await until(() => native.processes.some(isStopped), "the keeper to be stopped");
    native.hangUp();
    expect(await native.ended()).toBe(0);
    expect(isRunning(pid)).toBe(false);
    expect(native.processes).toEqual([]);
  });
});

test("the signals of terminals and stops pass the launcher by", async () => {
  const native = launcher();
  native.shell(1, "echo $$; sleep 0.3; exit 6");
  await native.printedPid(1);
  for (const pid of native.processes)
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const) kill(pid, signal);
  expect((await native.hears("exited", 1)).end).toEqual({ kind: "exited", exitCode: 6 });
});

describe("nonsense ends the launcher and every tree:", () => {
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index);
    return bytes;
  };
  const spawnBody = (counts: number[], text: string) =>
    Buffer.concat([numbers(...counts), Buffer.from(text)]);

  test.each<[string, Buffer]>([
    ["a kind that does not exist", frame(99, 1)],
    ["what only a launcher says", frame(106, 1)],
    ["a body larger than any", frame(1, 2, Buffer.alloc(0), 0xffff_ffff)],
    ["more taken than was sent", encodeTaken(1, "stdout", 0x7fff_ffff)],
    ["taken of a third stream", frame(2, 1, numbers(3, 0))],
    ["taken without numbers", frame(2, 1)],
    ["a kill with a body", frame(4, 1, numbers(0))],
    [
      "a number that is in use",
      encodeSpawn(1, { argv: ["true"], cwd: undefined, env: {}, isVerbatim: false, stdin: null }) as Buffer,
    ],
    ["a spawn without a body", frame(1, 2)],
    ["a spawn without arguments", frame(1, 2, spawnBody([0, 0, 0], "\0"))],
    ["a spawn with fewer texts than it says", frame(1, 2, spawnBody([2, 0, 0], "\0true\0"))],
    ["a spawn with countless texts", frame(1, 2, spawnBody([0xffff_ffff, 0xffff_ffff, 0], "\0true\0"))],
    ["a text that does not end", frame(1, 2, spawnBody([1, 0, 0], "\0true"))],
    ["input that was not announced", frame(1, 2, spawnBody([1, 0, 0], "\0true\0input"))],
    ["input that is neither there nor not", frame(1, 2, spawnBody([1, 0, 2], "\0true\0"))],
  ])("%s", async (_, bytes) => {
    const native = launcher();
    native.shell(1, ESCAPE_AND_STAY);
    const escaped = await native.printedPid(1);
    native.send(bytes);
    expect(await native.ended()).toBe(2);
    await until(() => !isRunning(escaped) && native.processes.length === 0, "every process to end");
    expect(native.stderr).toBe("");
  });
});
