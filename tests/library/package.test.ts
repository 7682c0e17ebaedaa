import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

let directory: string;
let tarball: Buffer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "queuectl-package-"));
  // Built already, by the setup of the tests.
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", directory];
  const [packed] = JSON.parse(execFileSync("npm", args, { cwd: ROOT, encoding: "utf8" })) as [
    { filename: string },
  ];
  const path = join(directory, packed.filename);
  tarball = readFileSync(path);
  mkdirSync(join(directory, "node_modules"));
  execFileSync("tar", ["-xzf", path, "-C", directory]);
  symlinkSync("../package", join(directory, "node_modules/queuectl"));
  symlinkSync(join(ROOT, "node_modules/@types"), join(directory, "node_modules/@types"));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test("publint finds nothing wrong with the package", async () => {
  const files = Uint8Array.from(tarball).buffer;
  const { messages } = await publint({ pkgDir: "package", pack: { tarball: files }, strict: true });
  // Suggestions are about the manifest's manners, not about what a consumer meets.
  expect(messages.filter(({ type }) => type !== "suggestion")).toEqual([]);
});

test("its types are right for everyone who can load an ES module", async () => {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!analysis.types) throw new Error("The package has no types.");
  // `require` of an ES module is what Node 24 does; older modes of resolution know no `exports`, and no Node 24.
  const isMeant = (problem: (typeof analysis.problems)[number]) =>
    problem.kind !== "CJSResolvesToESM" &&
    !("resolutionKind" in problem && problem.resolutionKind === "node10");
  expect(analysis.problems.filter(isMeant)).toEqual([]);
});

/** Uses every method with the types that a consumer would write down. */
const CONSUMER = `
import { type ErrorCode, type Execution, type Handler, type Job, openQueue, type Queue, QueuectlError, type WorkerEvent } from "queuectl";

const handler: Handler = async (job: Job, { signal, attempt, log }) => {
  log(\`\${job.command} \${attempt} \${signal.aborted}\`);
};

export async function main(): Promise<void> {
  await using queue: Queue = await openQueue({ db: "./queue.db" });
  const one: Job = await queue.enqueue({ command: "true", runAt: new Date(), env: { A: "1" } });
  const argv: string[] = ["ls", "-l"];
  const [first, ...more]: Job[] = await queue.enqueue([{ argv, timeoutMs: 5_000 }, { command: "true" }]);
  const maybe: Job | undefined = await queue.get(one.id);
  const due: Date | null | undefined = maybe?.nextRunAt;
  for await (const job of queue.list({ state: "dead", newest: 5 })) await queue.retryDead(job.id);
  const [execution]: Execution[] = await queue.executions(one.id);
  const printed: string | undefined = execution?.stdoutTail;
  await queue.cancel([one.id]);
  await queue.removeDead(one.id);
  const { pending } = await queue.counts();
  const ended: Job = await queue.wait(one.id, { timeoutMs: 5, signal: AbortSignal.timeout(9) });
  const all: Job[] = await queue.wait(more.map(({ id }) => id));
  await using worker = await queue.work({ queues: ["a"], concurrency: 2, drain: true });
  const resizer = await queue.work("resize", handler, { onEvent: (event: WorkerEvent) => event.kind });
  await resizer.stop({ graceMs: null });
  await worker.finished;
  const code: ErrorCode = new QueuectlError("internal", "x").code;
  console.log(first, due, printed, pending, ended, all, code, worker.id);

  // @ts-expect-error a command is needed
  await queue.enqueue({ maxRetries: 3 });
  // @ts-expect-error one of the two
  await queue.enqueue({ command: "ls", argv: ["ls"] });
  await queue.enqueueArray({ command: "ls {}", key: "k" }, { to: 3, from: 1 });
  // @ts-expect-error each would exclude the others
  await queue.enqueueArray({ command: "ls", unique: "u" }, { to: 3, from: 1 });
  await queue.schedules.add({ name: "s", pattern: "@daily", job: { argv: ["ls"], expiresInMs: 5, unique: "u" } });
  // @ts-expect-error its id comes from its schedule
  await queue.schedules.add({ name: "s", pattern: "@daily", job: { command: "ls", id: "x" } });
  // @ts-expect-error it would be past for every run after it
  await queue.schedules.add({ name: "s", pattern: "@daily", job: { command: "ls", expiresAt: new Date() } });
  // @ts-expect-error each run would wait for the same jobs
  await queue.schedules.add({ name: "s", pattern: "@daily", job: { command: "ls", dependsOn: ["x"] } });
  // @ts-expect-error snake_case is for JSON
  await queue.enqueue({ command: "ls", max_retries: 3 });
  // @ts-expect-error no such state
  queue.list({ state: "done" });
  // @ts-expect-error what the store keeps is nobody's business
  one.seq;
}
`;

describe.each([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
  ["preserve", "bundler"],
])("a consumer in TypeScript, module %s, resolution %s", (module, moduleResolution) => {
  test.each(["consumer.mts", "consumer.cts"])(
    "compiles %s against the declarations, all of them checked",
    (name) => {
      const project = mkdtempSync(join(directory, "consumer-"));
      // Without a package of one's own, the default is what its name says.
      writeFileSync(join(project, name), CONSUMER);
      const compilerOptions = {
        module,
        moduleResolution,
        target: "esnext",
        lib: ["esnext"],
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [name] }));
      const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
      const { status, stdout } = spawnSync(process.execPath, [compiler, "--project", project], {
        encoding: "utf8",
      });
      expect(stdout).toBe("");
      expect(status).toBe(0);
    },
  );
});
