import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { holdLock } from "../support/sqlite-file.ts";
import { jobWhen, showWorkers } from "../support/worker-home.ts";
import { isReapable, kill } from "../support/worker-processes.ts";
import { QUEUECTL } from "../support/worker-terminal.ts";

const PROGRAM = realpathSync(fileURLToPath(new URL("../../queuectl.js", import.meta.url)));
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** Where a test's user has its units: the home of a test is its user's too. */
const unitOf = (home: Home, name = "queuectl") => join(home.root, ".config/systemd/user", `${name}.service`);

describe.skipIf(process.platform !== "linux")("service install", () => {
  test("--print shows the unit and writes nothing, not even a store", async () => {
    const home = homeForTest();
    const unit = await home.ok("service", "install", "--print", "--count", "2", "--concurrency", "4");
    expect(unit).toContain(
      `\nExecStart=${process.execPath} ${PROGRAM} worker start --foreground --count=2 --concurrency=4 --db=${home.db}\n`,
    );
    expect(unit).toContain(`\nEnvironment=QUEUECTL_HOME=${home.path}\n`);
    expect(unit).toMatch(/\nEnvironment="?PATH=/);
    expect(home.files()).toEqual(["work"]);
  });

  test("writes the unit and a store, and says what is to be run", async () => {
    const home = homeForTest();
    const said = await home.ok("service", "install", "--name", "media", "--queue", "media");
    expect(said).toContain(`Wrote ${unitOf(home, "media")}\n`);
    expect(said).toContain(
      "\n  systemctl --user daemon-reload\n  systemctl --user enable --now media.service\n",
    );
    expect(said).toContain("\n  loginctl enable-linger ");
    const unit = readFileSync(unitOf(home, "media"), "utf8");
    expect(unit).toBe(await home.ok("service", "install", "--print", "--queue", "media"));
    expect(unit).toContain(" --queue=media ");
    expect(existsSync(home.db)).toBe(true);
  });

  test("answers programs", async () => {
    const home = homeForTest();
    const answer = await home.json<{ content: string }>("service", "install", "--print");
    expect(answer).toEqual({
      unit: "queuectl.service",
      path: unitOf(home),
      content: await home.ok("service", "install", "--print"),
      commands: expect.arrayContaining(["systemctl --user daemon-reload"]),
      written: false,
    });
  });

  test("gives a stop as long as the workers take for it", async () => {
    const home = homeForTest();
    const unit = () => home.ok("service", "install", "--print");
    expect(await unit()).toContain("\nTimeoutStopSec=infinity\n");
    await home.ok("config", "set", "stop-grace", "60s");
    expect(await unit()).toContain("\nTimeoutStopSec=75\n");
  });

  test("keeps secrets out of the unit", async () => {
    const home = homeForTest();
    const env = { QUEUECTL_TOKEN: "hunter2", AWS_SECRET_ACCESS_KEY: "hunter2" };
    const { stdout } = await home.run(["service", "install", "--print"], { env });
    expect(stdout).not.toContain("hunter2");
  });

  test.skipIf(!hasAnalyze)("a unit with awkward paths is one that systemd takes", async () => {
    const home = homeForTest();
    const db = join(home.cwd, `a b%n$HOME"c'd.db`);
    const unit = await home.ok("service", "install", "--print", "--db", db, "--count", "2");
    home.write("awkward.service", unit);
    const verdict = spawnSync("systemd-analyze", ["verify", "--user", "./awkward.service"], {
      cwd: home.cwd,
      encoding: "utf8",
      env: { ...process.env, XDG_RUNTIME_DIR: home.root },
    });
    expect(verdict.stderr).not.toContain("awkward.service");
    expect(verdict.status).toBe(0);
  });

  test("refuses a name that is no name", async () => {
    const home = homeForTest();
    expect(await home.run(["service", "install", "--name", "../x"])).toMatchObject({ exitCode: 1 });
    expect(home.files()).not.toContain(".config");
  });
});

describe.skipIf(process.platform !== "linux")("service uninstall", () => {
  test("takes the unit away", async () => {
    const home = homeForTest();
    await home.ok("service", "install");
    expect(await home.ok("service", "uninstall")).toBe(
      `Removed ${unitOf(home)}\nThen run: systemctl --user daemon-reload\n`,
    );
    expect(existsSync(unitOf(home))).toBe(false);
    expect(await home.ok("service", "uninstall")).toBe(`There is no ${unitOf(home)}.\n`);
  });

  test("refuses while the service is enabled", async () => {
    const home = homeForTest();
    await home.ok("service", "install");
    const wants = join(dirname(unitOf(home)), "default.target.wants");
    mkdirSync(wants);
    symlinkSync(unitOf(home), join(wants, "queuectl.service"));
    const { exitCode, stderr } = await home.run(["service", "uninstall"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Stop it first: systemctl --user disable --now queuectl.service");
    expect(existsSync(unitOf(home))).toBe(true);
  });
});

describe("the workers that a service starts", () => {
  test("one that is killed is replaced while another lives, and the jobs run", async () => {
    const home = homeForTest();
    const pool = home.start(["worker", "start", "--foreground", "--count=2"]);
    const first = await until(async () => {
      const workers = await showWorkers(home);
      return workers.length === 2 && workers[0];
    }, "two workers");
    kill(first.pid);
    await until(async () => {
      const active = (await showWorkers(home)).filter(({ state }) => state === "running");
      return active.length === 2 && !active.some(({ pid }) => pid === first.pid);
    }, "another in its place");
    await home.ok("enqueue", "--id", "a", "true");
    await jobWhen(home, "a", "completed");
    pool.kill("SIGTERM");
    expect((await pool.ended()).exitCode).toBe(0);
    await until(() => home.processes().length === 0, "all to end");
  });

  test("one whose replacement finds the store locked is replaced once more", async () => {
    const home = homeForTest();
    const pool = home.start(["worker", "start", "--foreground", "--count=2"]);
    const [first] = await until(async () => {
      const seen = await showWorkers(home);
      return seen.length === 2 && seen;
    }, "two workers");
    const lock = holdLock(home.db);
    kill(first?.pid ?? 0);
    await until(() => pool.stderr.includes("is locked by another program"), "its replacement to give up");
    lock.release();
    await until(async () => {
      const active = (await showWorkers(home)).filter(({ state }) => state === "running");
      return active.length === 2 && !active.some(({ pid }) => pid === first?.pid);
    }, "another in its place");
    pool.kill("SIGTERM");
    expect((await pool.ended()).exitCode).toBe(0);
  });

  test("make no store where theirs was taken away", async () => {
    const home = homeForTest();
    const pool = home.start(["worker", "start", "--foreground", "--count=2"]);
    const [first] = await until(async () => {
      const seen = await showWorkers(home);
      return seen.length === 2 && seen;
    }, "two workers");
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${home.db}${suffix}`, { force: true });
    kill(first?.pid ?? 0);
    expect((await pool.ended()).exitCode).toBe(6);
    expect(existsSync(home.db)).toBe(false);
  });

  test("end with an error when all of them were killed: whoever started them does so again", async () => {
    const home = homeForTest();
    const pool = home.start(["worker", "start", "--foreground", "--count=2"]);
    const workers = await until(async () => {
      const seen = await showWorkers(home);
      return seen.length === 2 && seen;
    }, "two workers");
    // It hears of both at once: of one alone it would start another, beside the one that lives.
    pool.kill("SIGSTOP");
    for (const { pid } of workers) kill(pid);
    await until(() => workers.every(({ pid }) => isReapable(pid)), "both to die");
    pool.kill("SIGCONT");
    expect((await pool.ended()).exitCode).toBe(1);
  });

  test("a stop while one is about to be replaced leaves nobody", async () => {
    const home = homeForTest();
    const { exitCode } = await home.shell(`${QUEUECTL} worker start --foreground --count=2 & pool=$!
      until ${QUEUECTL} worker status 2>/dev/null | grep -q 'Active Workers: 2'; do sleep 0.05; done
      kill -9 $(${QUEUECTL} status --json | grep -o '"pid": *[0-9]*' | head -1 | grep -o '[0-9]*')
      kill -TERM $pool; wait $pool`);
    expect(exitCode).toBe(0);
    await until(() => home.processes().length === 0, "all to end");
  });
});
