import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { until } from "../../tests/support/queuectl.ts";
import { readLayout } from "../../tests/support/stored-output.ts";
import { rangesOf } from "../queue/output-ranges.ts";
import { KEPT_IN_ROW_BYTES, tailBytes } from "../store/output-layout.ts";
import type { CapturedOutput } from "../store/store.ts";
import { OutputCapture } from "./capture-output.ts";
import type { OutputStream } from "./launcher.ts";

const LIMIT_BYTES = 1_048_576;

/** A capture over real files, in a directory of its own. */
class Scene {
  readonly directory: string = mkdtempSync(join(tmpdir(), "queuectl-test-"));
  readonly limitBytes: number;
  readonly capture: OutputCapture;
  now = 1_000;
  #folder = "";

  constructor(limitBytes: number = LIMIT_BYTES) {
    this.limitBytes = limitBytes;
    this.capture = new OutputCapture({ limitBytes, fileOf: (s) => this.file(s), now: () => this.now });
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** From now on files go into a folder of this name, which is not there. */
  useFolder(name: string): void {
    this.#folder = name;
  }

  file(stream: OutputStream = "stdout"): string {
    return join(this.directory, this.#folder, `1.${stream}`);
  }

  files(): string[] {
    return readdirSync(this.directory);
  }

  async write(bytes: string | Buffer, stream: OutputStream = "stdout"): Promise<void> {
    await this.capture.write(stream, Buffer.from(bytes));
  }

  /** What the file holds of the stream. */
  read(stream: OutputStream = "stdout"): ReturnType<typeof readLayout> {
    return readLayout(readFileSync(this.file(stream)), this.limitBytes);
  }
}

/** What all buffers take that somebody still holds. */
function arrayBufferBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}

/** Bytes that can be told from each other by their place. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index + 4 <= length; index += 4) bytes.writeUInt32BE(index, index);
  return bytes;
}

describe("small output", () => {
  test("stays in memory, and no file is made", async () => {
    const scene = new Scene();
    expect(scene.capture.write("stdout", Buffer.from("one\n"))).toBeUndefined();
    scene.capture.write("stderr", Buffer.from("two\n"));
    scene.capture.write("stdout", Buffer.from("three\n"));
    const { stdout, stderr } = await scene.capture.finish();
    expect(stdout).toEqual({ tail: Buffer.from("one\nthree\n"), totalBytes: 10 });
    expect(stderr).toEqual({ tail: Buffer.from("two\n"), totalBytes: 4 });
    expect(scene.files()).toEqual([]);
  });

  test("of a job that printed nothing is empty", async () => {
    const output = await new Scene().capture.finish();
    expect(output).toMatchObject({ stdout: { totalBytes: 0 }, stderr: { totalBytes: 0 }, marks: [] });
  });

  test("may fill its share of the row to the last byte", async () => {
    const scene = new Scene();
    const bytes = bytesOf(KEPT_IN_ROW_BYTES);
    await scene.write(bytes.subarray(0, 5_000));
    await scene.write(bytes.subarray(5_000));
    expect((await scene.capture.finish()).stdout).toEqual({ tail: bytes, totalBytes: KEPT_IN_ROW_BYTES });
    expect(scene.files()).toEqual([]);
  });
});

describe("more output", () => {
  test.each([1_024, 1_048_576])(
    "of a writer that never waits takes no more memory than the cap of %d bytes asks for",
    async (limitBytes) => {
      const scene = new Scene(limitBytes);
      const before = arrayBufferBytes();
      const count = 512;
      for (let index = 0; index < count; index++)
        scene.capture.write("stdout", Buffer.alloc(65_536, index % 251));
      expect(arrayBufferBytes() - before).toBeLessThan(2 * limitBytes + 10 * 65_536);
      const { stdout } = await scene.capture.finish();
      expect(stdout.totalBytes).toBe(count * 65_536);
      expect(stdout.tail.every((byte) => byte === (count - 1) % 251)).toBe(true);
      const all = Buffer.concat(
        Array.from({ length: count }, (_, index) => Buffer.alloc(65_536, index % 251)),
      );
      expect(scene.read()).toEqual({
        head: all.subarray(0, limitBytes / 2),
        droppedBytes: all.length - limitBytes,
        tail: all.subarray(-limitBytes / 2),
      });
    },
  );

  test("goes to a file from its first byte on; the row keeps the end", async () => {
    const scene = new Scene();
    const bytes = bytesOf(KEPT_IN_ROW_BYTES + 1);
    await scene.write(bytes.subarray(0, 3));
    await scene.write(bytes.subarray(3, KEPT_IN_ROW_BYTES));
    expect(scene.files()).toEqual([]);
    await scene.write(bytes.subarray(KEPT_IN_ROW_BYTES));
    const { stdout } = await scene.capture.finish();
    expect(readFileSync(scene.file())).toEqual(bytes);
    expect(stdout).toEqual({ tail: bytes.subarray(1), totalBytes: bytes.length });
  });

  test("has a file for its owner alone", async () => {
    const scene = new Scene();
    await scene.write(bytesOf(20_000));
    await scene.capture.finish();
    expect(statSync(scene.file()).mode & 0o777).toBe(0o600);
  });

  test.each([1_024, 1_025, 9_000, 50_001])(
    "is cut to %d bytes exactly, and what was dropped is counted",
    async (limitBytes) => {
      const scene = new Scene(limitBytes);
      const bytes = bytesOf(200_000);
      for (let from = 0; from < bytes.length; from += 7_777)
        await scene.write(bytes.subarray(from, from + 7_777));
      const { stdout } = await scene.capture.finish();
      expect(statSync(scene.file()).size).toBe(limitBytes + 16);
      const headBytes = Math.floor(limitBytes / 2);
      expect(scene.read()).toEqual({
        head: bytes.subarray(0, headBytes),
        droppedBytes: bytes.length - limitBytes,
        tail: bytes.subarray(bytes.length - (limitBytes - headBytes)),
      });
      expect(stdout.totalBytes).toBe(bytes.length);
      expect(stdout.tail).toEqual(bytes.subarray(bytes.length - tailBytes(limitBytes)));
    },
  );

  test("under a cap that is smaller than the row's share has a file as soon as it exceeds the cap", async () => {
    const scene = new Scene(1_024);
    const bytes = bytesOf(1_025);
    await scene.write(bytes.subarray(0, 1_024));
    expect(scene.files()).toEqual([]);
    await scene.write(bytes.subarray(1_024));
    expect((await scene.capture.finish()).stdout.tail).toEqual(bytes.subarray(1_025 - 512));
    expect(scene.read()).toMatchObject({ droppedBytes: 1 });
  });

  test("of one stream makes no file for the other", async () => {
    const scene = new Scene();
    await scene.write(bytesOf(20_000), "stderr");
    await scene.write("short\n");
    const { stdout } = await scene.capture.finish();
    expect(scene.files()).toEqual(["1.stderr"]);
    expect(stdout).toEqual({ tail: Buffer.from("short\n"), totalBytes: 6 });
  });

  test("is never written through a link", async () => {
    const scene = new Scene();
    const precious = join(scene.directory, "precious");
    writeFileSync(precious, "keep me");
    symlinkSync(precious, scene.file());
    await scene.write(bytesOf(20_000));
    await scene.capture.finish();
    expect(readFileSync(precious, "utf8")).toBe("keep me");
  });

  test("takes the place of what an execution of the same token left, before a backup was restored", async () => {
    const scene = new Scene();
    writeFileSync(scene.file(), "of another time".repeat(10_000));
    const bytes = bytesOf(20_000);
    await scene.write(bytes);
    await scene.capture.finish();
    expect(readFileSync(scene.file())).toEqual(bytes);
  });
});

describe("a job that has run for a quarter of a second", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("has a file for its small output, for others to read meanwhile; it stays until the row is written", async () => {
    const scene = new Scene();
    await scene.write("early\n");
    vi.advanceTimersByTime(249);
    expect(scene.files()).toEqual([]);
    vi.advanceTimersByTime(1);
    await until(
      () => existsSync(scene.file()) && readFileSync(scene.file(), "utf8") === "early\n",
      "the file",
    );
    await scene.write("later\n");
    await until(() => readFileSync(scene.file(), "utf8") === "early\nlater\n", "the later line");
    expect((await scene.capture.finish()).stdout).toEqual({
      tail: Buffer.from("early\nlater\n"),
      totalBytes: 12,
    });
    expect(scene.files()).toEqual(["1.stdout"]);
  });

  test("has a file as soon as it prints", async () => {
    const scene = new Scene();
    vi.advanceTimersByTime(250);
    expect(scene.files()).toEqual([]);
    await scene.write("late\n");
    await until(
      () => existsSync(scene.file()) && readFileSync(scene.file(), "utf8") === "late\n",
      "the file",
    );
    await scene.capture.finish();
  });

  test("keeps its file when there is more than the row takes", async () => {
    const scene = new Scene();
    await scene.write("early\n");
    vi.advanceTimersByTime(250);
    await scene.write(bytesOf(10_000));
    await scene.capture.finish();
    expect(readFileSync(scene.file())).toEqual(Buffer.concat([Buffer.from("early\n"), bytesOf(10_000)]));
  });

  test("leaves no timer behind when it ends before", async () => {
    const scene = new Scene();
    await scene.write("early\n");
    await scene.capture.finish();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a file that cannot be written costs the log, not the job", () => {
  test.each<[string, (scene: Scene) => void]>([
    ["its directory is missing", (scene) => scene.useFolder("missing")],
    [
      "its directory is a file",
      (scene) => {
        scene.useFolder("file");
        writeFileSync(join(scene.directory, "file"), "");
      },
    ],
    ["a directory has its name", (scene) => mkdirSync(scene.file())],
    ["another file has its name", (scene) => writeFileSync(scene.file(), "")],
  ])("%s", async (_, spoil) => {
    const scene = new Scene();
    spoil(scene);
    const bytes = bytesOf(100_000);
    for (let from = 0; from < bytes.length; from += 10_000)
      await scene.write(bytes.subarray(from, from + 10_000));
    await scene.write("fine\n", "stderr");
    const { stdout, stderr } = await scene.capture.finish();
    expect(stdout).toEqual({ tail: bytes.subarray(-KEPT_IN_ROW_BYTES), totalBytes: bytes.length });
    expect(stderr).toEqual({ tail: Buffer.from("fine\n"), totalBytes: 5 });
  });

  test("nobody can say where it goes", async () => {
    const capture = new OutputCapture({
      limitBytes: LIMIT_BYTES,
      fileOf: () => {
        throw new Error("no room for a directory");
      },
      now: () => 0,
    });
    await capture.write("stdout", bytesOf(20_000));
    expect((await capture.finish()).stdout.totalBytes).toBe(20_000);
  });
});

test("who prints faster than the disk writes is held back, and what waits stays little", async () => {
  const scene = new Scene();
  const piece = bytesOf(65_536);
  let waited = 0;
  for (let count = 0; count < 200; count++) {
    const taken = scene.capture.write("stdout", piece);
    if (!taken) continue;
    waited += 1;
    await taken;
  }
  expect(waited).toBeGreaterThanOrEqual(Math.floor(200 / 18));
  expect((await scene.capture.finish()).stdout.totalBytes).toBe(200 * 65_536);
  expect(scene.read().droppedBytes).toBe(200 * 65_536 - LIMIT_BYTES);
});

describe("the marks", () => {
  test("say which stream was heard when, and pieces that came together are one", async () => {
    const scene = new Scene();
    for (const [at, stream, text] of [
      [1_000, "stdout", "a"],
      [1_009, "stdout", "b"],
      [1_010, "stdout", "c"],
      [1_011, "stderr", "d"],
      [1_011, "stdout", "e"],
    ] as const) {
      scene.now = at;
      await scene.write(text, stream);
    }
    expect((await scene.capture.finish()).marks).toEqual([
      { stream: "stdout", offset: 0, at: 1_000 },
      { stream: "stdout", offset: 2, at: 1_010 },
      { stream: "stderr", offset: 0, at: 1_011 },
      { stream: "stdout", offset: 3, at: 1_011 },
    ]);
  });

  test.each([
    ["one stream", ["stdout"]],
    ["two streams that take turns", ["stdout", "stderr"]],
    ["two streams, one of them rarely", ["stdout", "stdout", "stdout", "stderr"]],
  ] as const)("of %s stay few however long a job prints, and still lead to every byte", async (_, turns) => {
    const scene = new Scene();
    for (let line = 0; line < 9_000; line++) {
      scene.now += 10;
      await scene.write("x", turns[line % turns.length]);
    }
    const output = await scene.capture.finish();
    expect(output.marks.length).toBeLessThanOrEqual(2_000);
    expect(shownBytes(output)).toEqual({
      stdout: output.stdout.totalBytes,
      stderr: output.stderr.totalBytes,
    });
  });
});

/** How much of each stream a reader sees who follows the marks. */
function shownBytes({ stdout, stderr, marks }: CapturedOutput): Record<OutputStream, number> {
  const all = ({ totalBytes: end }: CapturedOutput[OutputStream]) => ({
    headEnd: end,
    tailFrom: end,
    end,
    changedAt: 0,
  });
  const ranges = rangesOf({ stdout: all(stdout), stderr: all(stderr) }, marks, { stdout: 0, stderr: 0 });
  const bytesIn = (wanted: OutputStream) =>
    ranges.filter(({ stream }) => stream === wanted).reduce((sum, { from, to }) => sum + to - from, 0);
  return { stdout: bytesIn("stdout"), stderr: bytesIn("stderr") };
}
