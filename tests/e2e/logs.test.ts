import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { INSTANT } from "../support/job-json.ts";
import { homeForFile, until } from "../support/queuectl.ts";

interface ShownLine {
  stream: string;
  text: string;
  at: string;
}

/** The answer of `logs --json`: one object a line. */
const linesOf = (stdout: string): ShownLine[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ShownLine);

describe("of small output", () => {
  const home = homeForFile();

  test("a pipe gets the exact bytes of each stream on its own, without a line break of ours", async () => {
    await home.ok("enqueue", "--id", "binary", String.raw`printf '\000\377\r\nend'; printf '\200err' >&2`);
    await home.drain();
    const both = await home.run(["logs", "binary"]);
    expect(both.exitCode).toBe(0);
    expect(both.bytes.stdout).toEqual(Buffer.from([0, 0xff, 0x0d, 0x0a, 0x65, 0x6e, 0x64]));
    expect(both.bytes.stderr).toEqual(Buffer.from([0x80, 0x65, 0x72, 0x72]));

    const out = await home.run(["logs", "binary", "--stdout"]);
    expect([out.bytes.stdout, out.stderr]).toEqual([both.bytes.stdout, ""]);
    const err = await home.run(["logs", "binary", "--stderr"]);
    expect([err.bytes.stdout, err.stderr]).toEqual([both.bytes.stderr, ""]);
  });

  test("--attempt chooses an execution, without it the latest is meant", async () => {
    const command = 'echo "run $QUEUECTL_ATTEMPT"; exit 1';
    await home.ok("enqueue", "--id", "retried", "--max-retries", "1", "--backoff-base", "0.01", command);
    await home.drain();
    expect(await home.ok("logs", "retried")).toBe("run 2\n");
    expect(await home.ok("logs", "retried", "--attempt", "1")).toBe("run 1\n");
    expect(await home.ok("logs", "retried", "--attempt", "2")).toBe("run 2\n");
    expectRefusal(await home.run(["logs", "retried", "--attempt", "3"]), {
      exitCode: 4,
      says: 'The job "retried" has no execution 3',
      remedy: "--attempt 1 to 2",
    });
    expectJsonRefusal(await home.run(["logs", "retried", "--attempt", "9", "--json"]), {
      exitCode: 4,
      code: "execution_not_found",
    });
    for (const attempt of ["0", "-1", "x"])
      expectRefusal(await home.run(["logs", "retried", "--attempt", attempt]), {
        exitCode: 1,
        says: `The option --attempt must be a whole number of at least 1, not "${attempt}".`,
      });
  });

  test("--tail keeps the last lines of a stream", async () => {
    const command = "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf last";
    await home.ok("enqueue", "--id", "lines", command);
    await home.drain();
    expect(await home.ok("logs", "lines", "--stdout", "--tail", "2")).toBe("out 3\nlast");
    expect(await home.ok("logs", "lines", "--stderr", "--tail", "2")).toBe("err 2\nerr 3\n");
    expect(await home.ok("logs", "lines", "--stderr", "--tail", "99")).toBe("err 1\nerr 2\nerr 3\n");
    expect(await home.ok("logs", "lines", "--stdout", "--tail", "0")).toBe("");
    for (const tail of ["-1", "some"])
      expectRefusal(await home.run(["logs", "lines", "--tail", tail]), {
        exitCode: 1,
        says: `The option --tail must be a whole number of at least 0, not "${tail}".`,
      });
  });

  test("what a job prints can be read while it runs, and both streams stand in the order of their arrival", async () => {
    // Each step waits until the one before was seen from outside: so the order is known.
    const go = (step: number) => `until [ -e go${step} ]; do sleep 0.01; done`;
    const command = `echo out 1; ${go(1)}; echo err 1 >&2; ${go(2)}; echo out 2; ${go(3)}; printf last >&2`;
    await home.ok("enqueue", "--id", "ordered", command);
    const worker = await home.startWorker(["--drain"]);
    const printed = async (text: string) =>
      await until(async () => {
        const { stdout, stderr } = await home.run(["logs", "ordered", "--quiet"]);
        return stdout + stderr === text;
      }, `the job's output to be ${text}`);
    await printed("out 1\n");
    expect(await home.json("info", "ordered")).toMatchObject({ state: "processing" });
    home.write("go1", "");
    await printed("out 1\nerr 1\n");
    home.write("go2", "");
    await printed("out 1\nout 2\nerr 1\n");
    const sofar = linesOf(await home.ok("logs", "ordered", "--json"));
    expect(sofar.map(({ text }) => text)).toEqual(["out 1", "out 2", "err 1"]);
    home.write("go3", "");
    await worker.ended();

    const lines = linesOf(await home.ok("logs", "ordered", "--json"));
    expect(lines.map(({ stream, text }) => [stream, text])).toEqual([
      ["stdout", "out 1"],
      ["stderr", "err 1"],
      ["stdout", "out 2"],
      ["stderr", "last"],
    ]);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(["stream", "text", "at"]);
      expect(line.at).toMatch(INSTANT);
    }
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
    expect((await home.terminal(["logs", "ordered"])).stdout).toBe("out 1\nerr 1\nout 2\nlast\n");
    const tail = await home.run(["logs", "ordered", "--tail", "2"]);
    expect([tail.stdout, tail.stderr]).toEqual(["out 2\n", "last"]);
  });

  test("--json shows what is no text with the sign for it", async () => {
    expect(linesOf(await home.ok("logs", "binary", "--json"))).toMatchObject([
      { stream: "stdout", text: "\u0000\ufffd\r" },
      { stream: "stdout", text: "end" },
      { stream: "stderr", text: "\ufffderr" },
    ]);
    const tail = linesOf(await home.ok("logs", "lines", "--json", "--stderr", "--tail", "1"));
    expect(tail).toMatchObject([{ stream: "stderr", text: "err 3" }]);
  });

  test("a terminal gets colours, tabs and line breaks; all other control bytes are made visible", async () => {
    const command = String.raw`printf 'a\tb \033[1;31mred\033[0m \033]0;t\007 \033[2J \r \302\233 \342\200\256 \377\nend'`;
    await home.ok("enqueue", "--id", "colours", command);
    await home.drain();
    const { stdout } = await home.terminal(["logs", "colours"]);
    const shown = "a\tb \u001b[1;31mred\u001b[0m \\e]0;t\\x07 \\e[2J \\r \\x9b \\u202e \ufffd\nend\n";
    expect(stdout).toBe(shown);
  });

  test("a job that has not run has no output yet, and one that printed nothing has none", async () => {
    await home.ok("enqueue", "--id", "silent", "true");
    await home.drain();
    expect(await home.run(["logs", "silent"])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    await home.ok("enqueue", "--id", "waits", "true");
    const waits = await home.run(["logs", "@last"]);
    expect(waits).toMatchObject({ exitCode: 0, stdout: "" });
    expect(waits.stderr).toBe('The job "waits" has not run yet; it is pending.\n');
    expect(await home.run(["logs", "waits", "--json", "--quiet"])).toMatchObject({ stdout: "", stderr: "" });
    expectRefusal(await home.run(["logs", "waits", "--attempt", "1"]), {
      exitCode: 4,
      says: "no execution 1",
    });
  });
});

describe("of output above the cap", () => {
  const home = homeForFile();
  /** Cut in the middle of a line at both ends of what is missing. */
  const whole = Array.from({ length: 2_999 }, (_, index) => `${index + 2}\n`).join("");
  const kept = 4_096;
  const dropped = whole.length - kept;
  const said = `${(Math.floor((dropped / 1_024) * 10) / 10).toString()} KiB (${dropped} bytes) were dropped from the middle of stdout (setting output-limit).\n`;

  test("head and tail are exact, and the dropped count is said once on stderr", async () => {
    await home.ok("config", "set", "output-limit", "4KiB");
    await home.ok("enqueue", "--id", "big", "seq 2 3000; echo small >&2");
    await home.ok("enqueue", "--id", "slow", "seq 2 1500; sleep 0.4; seq 1501 3000");
    await home.drain();
    for (const id of ["big", "slow"]) {
      const { exitCode, stdout, stderr } = await home.run(["logs", id]);
      expect(exitCode).toBe(0);
      expect(stdout).toBe(whole.slice(0, kept / 2) + whole.slice(-kept / 2));
      expect(stderr).toBe(id === "big" ? `small\n${said}` : said);
    }
    expect((await home.run(["logs", "big", "--stderr"])).stderr).toBe("");
    expect((await home.run(["logs", "big", "--stdout", "--quiet"])).stderr).toBe("");
  });

  test("a later cap does not change what an execution kept", async () => {
    await home.ok("config", "set", "output-limit", "1MiB");
    expect((await home.run(["logs", "big", "--stdout"])).stdout).toHaveLength(kept);
  });

  test("JSON lines do not run across what is missing", async () => {
    const { stdout, stderr } = await home.run(["logs", "big", "--json", "--stdout"]);
    const head = whole.slice(0, kept / 2).split("\n");
    const tail = whole.slice(-kept / 2, -1).split("\n");
    expect(linesOf(stdout).map(({ text }) => text)).toEqual([...head, ...tail]);
    expect(stderr).toBe(said);
  });

  test("a terminal is told in the place where something is missing", async () => {
    const { stdout } = await home.terminal(["logs", "big", "--stdout"]);
    const gap = /\n\[… 9\.5 KiB of stdout were dropped here …\]\n/;
    expect(stdout.replace(gap, "")).toBe(whole.slice(0, kept / 2) + whole.slice(-kept / 2));
    expect(stdout.match(gap)?.index).toBe(kept / 2);
    expect(stdout).not.toContain("output-limit");
  });

  test("--tail of it is exact", async () => {
    const { stdout } = await home.run(["logs", "big", "--stdout", "--tail", "3"]);
    expect(stdout).toBe("2998\n2999\n3000\n");
  });

  test("a reader that goes away ends the command quietly", async () => {
    await home.ok("enqueue", "--id", "huge", "seq 1 200000");
    await home.drain();
    const { stdout, stderr } = await home.shell(
      '{ queuectl logs huge --quiet; echo "exit $?" >&2; } | head -n 1',
    );
    expect([stdout, stderr]).toEqual(["1\n", "exit 0\n"]);
  });
});
