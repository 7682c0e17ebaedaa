import { expect } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { fault } from "./support/fault.ts";

/** What has been used against programs that print or run what they are given. */
const HOSTILE = [
  "../../etc/passwd",
  "/etc/passwd",
  "..",
  ".",
  "-rf",
  "--db",
  "--yes",
  "$(touch pwned)",
  "`touch pwned`",
  "; touch pwned",
  "| touch pwned",
  "&& touch pwned",
  "a\ntouch pwned",
  "' OR 1=1 --",
  "'; DROP TABLE jobs; --",
  "a\0b",
  "\x1b[2J\x1b[H",
  "\x1b]0;title\x07",
  "\x1b]52;c;cHduZWQ=\x07",
  "\x9b31m",
  "\x08\x08\x08gone",
  "\r overwritten",
  "\u202edesrever",
  "\u2066hidden\u2069",
  "\u200bnothing",
  "\ud800",
  "%s%n%x",
  "a".repeat(100_000),
  "🎬".repeat(64),
  "__proto__",
] as const;

// Controls but tab and line feed, C1, and what reorders text.
const RAW = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

fault(
  "hostile ids and texts leave nothing outside the home and reach no terminal raw",
  { row: "23", target: "30 texts x 6 commands: nothing outside the home, no raw control byte printed" },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "plain", "true");
    let refused = 0;
    let runs = 0;
    // At each size some of them, by the seed: a command line takes a fifth of a second.
    const first = Math.floor(random() * HOSTILE.length);
    const texts = [...HOSTILE, ...HOSTILE].slice(first, first + rounds(HOSTILE.length, 8));
    for (const text of texts) {
      // A NUL ends an argument for the kernel: no program can be given one.
      const word = text.replaceAll("\0", "\u2400");
      const lines: string[][] = [
        ["enqueue", "--id", word, "true"],
        // Shell text is what somebody meant to run; this is about who reads it, so nobody serves its queue.
        ["enqueue", "--queue", "unserved", "--command", `: ${word}`],
        ["enqueue", "--queue", word, "true"],
        ["info", word],
        ["logs", word],
        ["dlq", "retry", word],
        ["config", "set", word, word],
      ];
      for (const line of lines) {
        const { exitCode, stdout, stderr } = await home.run(line);
        runs += 1;
        if (exitCode !== 0) refused += 1;
        expect([0, 1, 4]).toContain(exitCode);
        expect(stdout + stderr).not.toMatch(RAW);
        expect(stderr).not.toMatch(/Something went wrong|\n\s+at /);
      }
      // As a job's text and output it is legal: stored whole, run as data, shown harmless.
      await home.ok("enqueue", "--quiet", `--tag=${word.slice(0, 100)}`, "--", "printf", "%s", word);
    }
    await home.drain("--quiet", "--queue", "default");
    for (const verb of [["list"], ["dlq", "list"], ["status"], ["info", "@last"], ["worker", "status"]]) {
      const piped = await home.run(verb);
      expect(piped.stdout).not.toMatch(RAW);
      const screen = (await home.terminal(verb)).stdout
        .replaceAll(/\x1b\[[0-9;]*m/g, "")
        .replaceAll("\r", "");
      expect(screen).not.toMatch(RAW);
    }
    const outside = home.files().filter((path) => !path.startsWith("home") && path !== "work");
    expect(outside).toEqual([]);
    record(
      `${texts.length} texts, ${runs} command lines, ${refused} refused with a sentence; files outside the home: 0`,
    );
  },
);
