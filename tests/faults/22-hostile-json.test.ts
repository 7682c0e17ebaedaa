import { expect } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { countJobs } from "../support/worker-home.ts";
import { fault } from "./support/fault.ts";

const LINES_A_FILE = 50;

/** What a line may be spoilt to. Most are refused; one that happens to stay a job is a job. */
const SPOILERS: readonly ((line: string, random: () => number) => string)[] = [
  (line, random) => cutAt(line, random),
  (line, random) => flipByte(line, random),
  (line, random) => insertAt(line, random, "\\ud800"),
  (line, random) => insertAt(line, random, "\0"),
  (line, random) => insertAt(line, random, "\\u0000"),
  () => "[".repeat(400_000),
  () => `{"command":${'{"a":'.repeat(400_000)}`,
  () => '{"command":"true","__proto__":{"polluted":true}}',
  () => '{"command":"true","constructor":{"prototype":{"polluted":true}}}',
  () => '{"command":{"toString":"x"}}',
  () => '{"command":"true","env":{"__proto__":"a variable like any other"}}',
  () => '{"command":"true","max_retries":1e999}',
  () => '{"command":"true","priority":-0.5}',
  () => '{"command":"true","id":"twice"}{"command":"true"}',
  () => '{"command":"true","command":7}',
  () => '["true"]',
  () => "nul",
  () => '"true"',
  () => "\ufeff\ufeff{}",
  () => `{"command":"${"x".repeat(3_000_000)}`,
];

fault(
  "a spoilt line among good ones is named, nothing of its file is stored, and nothing crashes",
  { row: "22", target: "10,000 lines: no crash, hang or trace; all or nothing" },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    const files = rounds(10_000 / LINES_A_FILE, SPOILERS.length);
    let refused = 0;
    let stored = 0;
    for (let file = 0; file < files; file++) {
      const lines = Array.from({ length: LINES_A_FILE }, (_, index) => {
        // Twice: no flipped byte makes the id of another line of it, which would then be the one that is refused.
        const id = `${file}-${index}:${file}-${index}`;
        return JSON.stringify({ id, command: "echo ä → 🎬", tags: ["a"], env: { A: "1" } });
      });
      const place = Math.floor(random() * LINES_A_FILE);
      const spoil = SPOILERS[file % SPOILERS.length];
      lines[place] = spoil?.(lines[place] ?? "", random) ?? "";
      const { exitCode, stderr } = await home.run([
        "enqueue",
        "--quiet",
        "--file",
        home.write("jobs.jsonl", lines.join("\n")),
      ]);
      expect(stderr).not.toMatch(/Something went wrong|\n\s+at /);
      if (exitCode === 0) {
        // A flipped byte may leave a job like any other.
        stored += LINES_A_FILE;
      } else {
        expect(exitCode).toBe(1);
        // By its first line a file is taken for one array, or for lines.
        const isArray = place === 0 && lines[0]?.startsWith("[");
        expect(stderr).toMatch(isArray ? /\bThe array in\b/ : new RegExp(`\\bLine ${place + 1}\\b`));
        refused += 1;
      }
      expect(countJobs(home, "pending")).toBe(stored);
    }
    expect(refused).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    record(`${files * LINES_A_FILE} lines in ${files} files: ${refused} refused whole, each with its line`);
  },
);

function cutAt(line: string, random: () => number): string {
  return line.slice(0, 1 + Math.floor(random() * (line.length - 1)));
}

function flipByte(line: string, random: () => number): string {
  const bytes = Buffer.from(line);
  const at = Math.floor(random() * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  // A line break in the middle would make two lines of one.
  return bytes.toString("latin1").replaceAll(/[\n\r]/g, "?");
}

function insertAt(line: string, random: () => number, text: string): string {
  const at = Math.floor(random() * line.length);
  return line.slice(0, at) + text + line.slice(at);
}
