import { expect } from "vitest";
import type { Result } from "./queuectl.ts";

type Wanted = string | RegExp;

/**
 * A refusal as it must look to a person: nothing on stdout, one sentence on stderr that ends with a full stop, what to
 * do about it below, and no stack trace.
 */
export function expectRefusal(
  { exitCode, stdout, stderr }: Result,
  wanted: { exitCode: number; says: Wanted; remedy?: Wanted },
): void {
  const [sentence = "", ...rest] = stderr.trimEnd().split("\n");
  expect.soft(stdout).toBe("");
  expect.soft(sentence).toMatch(/^queuectl: .+[.!?]$/);
  expect.soft(sentence).toMatch(wanted.says);
  expect.soft(rest.join("\n")).toMatch(wanted.remedy ?? "");
  expect.soft(stderr).not.toMatch(/\n\s+at |node:internal/);
  expect(exitCode).toBe(wanted.exitCode);
}

/** The same for a program, after `--json`: one object on stderr, of one shape. */
export function expectJsonRefusal(
  { exitCode, stdout, stderr }: Result,
  wanted: { exitCode: number; code: string; says?: Wanted },
): void {
  expect.soft(stdout).toBe("");
  const { error, ...others } = JSON.parse(stderr) as { error: Record<string, unknown> };
  expect.soft(others).toEqual({});
  const { faults: _, ...always } = error;
  expect.soft(Object.keys(always)).toEqual(["code", "message", "hint"]);
  expect.soft(error["code"]).toBe(wanted.code);
  expect.soft(error["message"]).toEqual(expect.stringMatching(wanted.says ?? /./));
  expect.soft(error["hint"] === null || typeof error["hint"] === "string").toBe(true);
  expect(exitCode).toBe(wanted.exitCode);
}
