import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Block, type Document, readDocuments } from "./documents.ts";
import { readSteps, Session } from "./session.ts";

/** What is run, each in its own way. */
const COMMANDS = ["console", "sh", "ts", "crontab"];
/** What commands nothing. */
const TEXTS = ["json", "mermaid", "text", "sql"];
/** What cannot be run here. A block of these languages, or a command that is not run, says why. */
const ELSEWHERE = ["powershell", "bat", "dockerfile", "yaml", "ini"];

const documents = readDocuments();
const ROOT = join(import.meta.dirname, "../..");
const manifest: object = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** Before that there is nothing that a program could import. */
const hasLibrary = "exports" in manifest;

describe("every block of every document", () => {
  const blocks = documents.flatMap(({ path, blocks }) => blocks.map((block) => ({ path, ...block })));

  test("says what language it is in", () => {
    const known = [...COMMANDS, ...TEXTS, ...ELSEWHERE];
    expect(blocks.filter(({ language }) => !known.includes(language)).map(where)).toEqual([]);
  });

  test("is run, or says why not", () => {
    const silent = blocks.filter(({ language, notRun }) => ELSEWHERE.includes(language) && notRun === null);
    expect(silent.map(where)).toEqual([]);
    expect(blocks.filter(({ notRun }) => notRun === "").map(where)).toEqual([]);
  });

  test("that is not run is counted here, so that their number cannot grow unnoticed", () => {
    const counts = Object.entries(
      Object.groupBy(
        blocks.filter(({ notRun }) => notRun !== null),
        ({ path }) => path,
      ),
    );
    expect(Object.fromEntries(counts.map(([path, blocks]) => [path, blocks?.length]))).toEqual(NOT_RUN);
  });

  test("of a document that is no session is run by the test that is named here", () => {
    const named = documents.flatMap(({ path }) => TESTED_ELSEWHERE[path] ?? []);
    expect(named.filter((test) => !existsSync(join(ROOT, test)))).toEqual([]);
  });

  test.each(blocks.filter(({ language }) => language === "json"))(
    "of JSON is JSON: $path:$line",
    ({ text }) => {
      JSON.parse(text);
    },
  );
});

/** Made of programs, each of which is run on a store that has what it needs, and not after the others. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "docs/reference/cli.md": "tests/e2e/examples.test.ts",
  "docs/reference/library.md": "tests/library/reference.test.ts",
};

/** Needs an engine, another system, a registry, or would run these tests from within. */
const NOT_RUN: Readonly<Record<string, number>> = {
  "README.md": 3,
  "CONTRIBUTING.md": 1,
  "docs/guides/as-a-service.md": 2,
  "docs/guides/in-containers.md": 2,
  "docs/guides/long-jobs-and-timeouts.md": 1,
  "docs/tutorial.md": 1,
};

function where({ path, line }: { path: string; line: number }): string {
  return `${path}:${line}`;
}

/** A document is many commands, some of which wait: more than one test is given. */
const LIMIT_MS = 600_000;

describe.concurrent("what a document tells its reader to do works, in order", () => {
  const sessions = documents.filter(({ path, blocks }) => !(path in TESTED_ELSEWHERE) && blocks.some(isRun));
  test.for(sessions)("$path", { timeout: LIMIT_MS }, async (document) => {
    await follow(document);
  });
});

function isRun({ language, notRun }: Block): boolean {
  return COMMANDS.includes(language) && notRun === null && (language !== "ts" || hasLibrary);
}

async function follow({ path, blocks }: Document): Promise<void> {
  const session = new Session();
  try {
    for (const block of blocks.filter(isRun))
      await followBlock(block, session).catch((error: Error) => {
        throw new Error(`${path}:${block.line}: ${error.message}`);
      });
  } finally {
    await session.close();
  }
}

async function followBlock({ language, text }: Block, session: Session): Promise<void> {
  switch (language) {
    case "console":
      for (const step of readSteps(text)) await session.show(step);
      return;
    case "sh":
      return await session.run(text);
    case "ts":
      return await session.runProgram(text);
    case "crontab":
      return await followCrontab(text, session);
  }
}

async function followCrontab(text: string, session: Session): Promise<void> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const variables = lines.filter((line) => /^[A-Z_]+=/.test(line));
  for (const line of lines.filter((line) => !variables.includes(line))) {
    const command = /^(?:@\w+|(?:\S+ +){4}\S+) +(.*)$/.exec(line)?.[1];
    if (command === undefined) throw new Error(`This is no line of a crontab: ${line}`);
    await session.runFromCron(command, variables);
  }
}
