import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Home, homeForTest, type RunningCommand, until } from "../support/queuectl.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");

/** An example as its first line says, but over a file of the test's own. */
function start(home: Home, name: string, env: Readonly<Record<string, string>> = {}): RunningCommand {
  return home.startNode([join(EXAMPLES, name)], {
    env: { QUEUECTL_DB: join(home.cwd, "example.db"), ...env },
  });
}

const names = readdirSync(EXAMPLES).filter((name) => name.endsWith(".mts"));

describe.each(names)("%s", (name) => {
  const lines = readFileSync(join(EXAMPLES, name), "utf8").split("\n");

  test("says in its first line how it is run, and is short", () => {
    expect(lines[0]).toContain(`Run it: node examples/${name}`);
    expect(lines.length).toBeLessThan(80);
  });
});

test("fan-out runs its jobs and prints what came of each", async () => {
  const { exitCode, stdout, stderr } = await start(homeForTest(), "fan-out.mts").ended();
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(/^completed: test 30 .*: 900$/),
    expect.stringMatching(/^completed: test 31 .*: 961$/),
    expect.stringMatching(/^dead: test 0 .*: exit code 1$/),
    "",
  ]);
  expect(exitCode).toBe(0);
});

/** A web service of its own store, and where it is. */
async function startWeb(home: Home): Promise<{ server: RunningCommand; url: string }> {
  const server = start(home, "web-handler.mts", { PORT: "0" });
  await server.printed(/port \d+/);
  return { server, url: `http://127.0.0.1:${/port (\d+)/.exec(server.stdout)?.[1]}/` };
}

/** What a program that is no browser can send: any header. Gives the status. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const sent = request(url, { method: "POST", headers }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.on("error", reject).end(body);
  return await promise;
}

test.each<[string, string, Record<string, string>, number]>([
  ["what any site may send", '{"name":"x"}', { "content-type": "text/plain" }, 415],
  [
    "what comes by another name",
    '{"name":"x"}',
    { "content-type": "application/json", host: "evil.test" },
    403,
  ],
  ["what is no JSON", "echo hello", { "content-type": "application/json" }, 400],
  ["what names nobody", '{"command":"echo hello"}', { "content-type": "application/json" }, 400],
  ["what is null", "null", { "content-type": "application/json" }, 400],
  ["what is far too much", `{"name":"${"x".repeat(20_000)}"}`, { "content-type": "application/json" }, 400],
])("web-handler refuses %s, and enqueues nothing", async (_, body, headers, status) => {
  const home = homeForTest();
  const { server, url } = await startWeb(home);
  expect(await post(url, body, headers)).toBe(status);
  expect(await home.json("--db", "example.db", "list")).toEqual([]);
  server.kill("SIGINT");
  expect(await server.ended()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("web-handler answers with the id of a durable job, and later with its state", async () => {
  const home = homeForTest();
  const { server, url } = await startWeb(home);
  const headers = { "content-type": "application/json" };
  const name = "$(rm -rf .); 'Ada'";
  const posted = await fetch(url, { method: "POST", headers, body: JSON.stringify({ name }) });
  expect(posted.status).toBe(202);
  const { id } = (await posted.json()) as { id: string };
  const shown = async () => await (await fetch(url + id)).json();
  expect(await shown()).toEqual({ id, state: "pending", error: null });
  await home.drain("--db", "example.db");
  expect(await shown()).toEqual({ id, state: "completed", error: null });
  expect(await home.ok("--db", "example.db", "logs", id)).toBe(`Hello, ${name}\n`);
  expect((await fetch(`${url}nobody`)).status).toBe(404);
  server.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("own-worker calls its handler with each job, and shuts down gracefully", async () => {
  const home = homeForTest();
  const db = ["--db", "example.db"];
  const service = start(home, "own-worker.mts");
  await service.printed("is up");
  const enqueue = (id: string) =>
    home.ok(...db, "enqueue", "--queue", "resize", "--id", id, "--max-retries", "0", id);
  for (const id of ["a.jpg", "notes.txt", "huge.jpg"]) await enqueue(id);
  await service.printed("a.jpg: succeeded, now completed");
  await service.printed("notes.txt: failed, now dead");
  expect(await home.ok(...db, "logs", "a.jpg")).toBe("attempt 1: resizing a.jpg\n");
  const state = async (id: string) => (await home.json<{ state: string }>(...db, "info", id)).state;
  await until(async () => (await state("huge.jpg")) === "processing", "the long job to run");
  service.kill("SIGINT");
  expect(await service.ended()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(service.stdout).toContain("huge.jpg: interrupted, now pending");
  expect(service.stdout).toMatch(/Stopped\n$/);
});
