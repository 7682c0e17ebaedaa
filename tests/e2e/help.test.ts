import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { COMMANDS } from "../../src/cli/command-tree.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForFile } from "../support/queuectl.ts";

const home = homeForFile();

test("queuectl alone shows the first steps", async () => {
  const alone = await home.run([]);
  expect(alone).toMatchObject({ exitCode: 0, stderr: "" });
  expect(alone.stdout).toMatch(/behind: queuectl demo\n\nFirst steps:\n {2}queuectl enqueue "echo hello"/);
  const { stdout } = await home.terminal([], { columns: 80 });
  expect(stdout).toBe(alone.stdout);
});

test("--help, -h and help show every verb with its sentence", async () => {
  const help = await home.ok("--help");
  for (const args of [["-h"], ["help"]]) expect(await home.ok(...args)).toBe(help);
  for (const { path } of COMMANDS) expect(help).toContain(`\n  ${path.join(" ")} `);
  expect(help).not.toContain("announce-fd");
});

test("help is as wide as the terminal, and 80 columns wide in a pipe", async () => {
  const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));
  const { stdout: narrow } = await home.terminal(["worker", "start", "--help"], { columns: 70 });
  const { stdout: wide } = await home.terminal(["worker", "start", "--help"], { columns: 200 });
  const piped = await home.ok("worker", "start", "--help");
  expect(widest(narrow)).toBeLessThanOrEqual(70);
  expect(widest(piped)).toBeLessThanOrEqual(80);
  expect(widest(piped)).toBeGreaterThan(70);
  expect(widest(wide)).toBeGreaterThan(80);
});

test("the help of a verb begins with examples, and names each of its options", async () => {
  for (const words of [["enqueue"], ["worker", "start"], ["logs"], ["config", "get"]]) {
    const spec = COMMANDS.find(({ path }) => path.join(" ") === words.join(" "));
    const help = await home.ok(...words, "--help");
    expect(await home.ok("help", ...words)).toBe(help);
    expect(help.indexOf(spec?.examples[0]?.line ?? "?")).toBeGreaterThan(0);
    expect(help.indexOf(spec?.examples.at(-1)?.line ?? "?")).toBeLessThan(help.indexOf("Use:"));
    for (const { name, sentence } of spec?.options ?? [])
      expect(help.includes(`--${name}`), `--${name}`).toBe(sentence !== "");
  }
});

test("a group of verbs alone lists its verbs", async () => {
  for (const group of ["worker", "dlq", "config"]) {
    const help = await home.ok(group);
    for (const { path } of COMMANDS)
      expect(help.includes(`  ${path.join(" ")}`), path.join(" ")).toBe(path[0] === group);
    expect(await home.ok("help", group)).toBe(help);
  }
});

test("--version prints the version and nothing else, in JSON too", async () => {
  expect(await home.ok("--version")).toBe(`${manifest.version}\n`);
  expect(await home.ok("list", "--version")).toBe(`${manifest.version}\n`);
  expect(await home.json("--version")).toEqual({ version: manifest.version });
});

test("a mistyped command, flag or key is answered with what may have been meant", async () => {
  const meant = async (args: string[], exitCode: number, remedy: string | RegExp) =>
    expectRefusal(await home.run(args), { exitCode, says: "", remedy });
  await meant(["enqeue", "a"], 1, "Did you mean queuectl enqueue?");
  await meant(["lst"], 1, "Did you mean queuectl list?");
  await meant(["dlq", "retyr", "a"], 1, "Did you mean queuectl dlq retry?");
  await meant(["worker", "stat"], 1, /Did you mean .*queuectl worker status/);
  await meant(["frobnicate"], 1, "All commands: queuectl --help");
  await meant(["worker", "helo"], 1, "All commands: queuectl --help");
  await meant(["help", "stauts"], 1, "Did you mean status?");
  await meant(["workr", "--help"], 1, "Did you mean worker?");
  await meant(["--jsno"], 1, "Did you mean --json?");
  await meant(["list", "--sate", "dead"], 1, "Did you mean --state?");
  await meant(["list", "--jsn"], 1, "Did you mean --json?");
  await meant(["enqueue", "--max-retires", "3", "a"], 1, "Did you mean --max-retries?");
  await meant(["info", "a", "--frobnicate"], 1, "Its options: queuectl info --help");
  await meant(["list", "-x"], 1, "Its options: queuectl list --help");
  await meant(["--frobnicate"], 1, "queuectl --help");
  await meant(["config", "get", "max-retires"], 4, "Did you mean max-retries?");
  await meant(["list", "--state", "faild"], 1, "Did you mean failed? The states: pending,");
  await meant(["list", "--state", "frobnicate"], 1, /^The states: pending,/);
});

test("words that are missing or too many are named, with the verb's use", async () => {
  const refused = async (args: string[], says: string, remedy: string) =>
    expectRefusal(await home.run(args), { exitCode: 1, says, remedy });
  await refused(["info"], "queuectl info needs ID", "queuectl info --help");
  await refused(["logs"], "queuectl logs needs ID", "queuectl logs --help");
  await refused(["dlq", "retry"], "queuectl dlq retry needs ID", "queuectl dlq retry --help");
  await refused(["config", "set", "max-retries"], "queuectl config set needs KEY VALUE", "--help");
  await refused(["list", "dead"], 'does not know what to do with "dead"', "Its use: queuectl list");
  await refused(["info", "a", "b"], 'does not know what to do with "b"', "Its use: queuectl info ID");
  await refused(["status", "--", "a"], "queuectl status takes nothing after --", "Its use: queuectl status");
  await refused(["list", "--db"], "The option --db needs a value", "");
  await refused(
    ["list", "--state", "--json=x"],
    "The option --state needs a value, but --json",
    "--state=--json",
  );
  await refused(["list", "--quiet=yes"], "The option --quiet takes no value", "");
});

test("what is still to come is refused as unknown, never accepted and ignored", async () => {
  const refused = async (args: string[], exitCode: number, says: string) =>
    expectRefusal(await home.run(args), { exitCode, says });
  await refused(["enqueue", "--idle-timeout", "5m", "a"], 1, "queuectl enqueue has no option --idle-timeout");
  await refused(["wait", "a"], 1, 'Unknown command "wait"');
  await refused(["dlq", "list", "--group"], 1, "queuectl dlq list has no option --group");
});

test("wrong usage is answered in JSON too, wherever --json stands", async () => {
  const coded = async (args: string[], exitCode: number, code: string) =>
    expectJsonRefusal(await home.run(args), { exitCode, code });
  await coded(["lst", "--json"], 1, "invalid_usage");
  await coded(["--json", "list", "--frobnicate"], 1, "invalid_usage");
  await coded(["list", "--state", "--json"], 1, "invalid_usage");
  await coded(["config", "get", "frobnicate", "--json"], 4, "setting_not_found");
});

test("the trace of an error is for those who ask for it", async () => {
  const { stderr, exitCode } = await home.run(["lst"], { env: { QUEUECTL_DEBUG: "1" } });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^queuectl: Unknown command "lst"\.\n.*\n[\s\S]*\n {4}at /);
});

test("what an error quotes cannot move the cursor or hide a word", async () => {
  const { stderr } = await home.run(["info", "\u001b[2J\u202ea\nb"]);
  expect(stderr).toContain('There is no job "\\e[2J\\u202ea\\nb".\n');
});

test("nothing of all this needed a home", () => {
  expect(home.files()).toEqual(["work"]);
});
