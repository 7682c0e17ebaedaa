import { expect, test } from "vitest";
import { QueuectlError } from "./errors.ts";
import { requireOwnDirectory } from "./own-directory.ts";

const directory = (uid: number, mode: number) => ({ uid, mode, isDirectory: (): boolean => true });
const judge = (facts: Parameters<typeof requireOwnDirectory>[1], user?: number) => () =>
  requireOwnDirectory("/q", facts, user);

test.each([
  ["one's own", directory(1000, 0o700), 1000],
  ["one's own that others may read", directory(1000, 0o755), 1000],
  ["a user's, by root", directory(1000, 0o700), 0],
  ["any, where the system knows no owners", directory(0, 0o777), undefined],
] as const)("a directory to write to may be %s", (_, facts, user) => {
  expect(judge(facts, user)).not.toThrow();
});

test.each([
  ["another user's", directory(1001, 0o755), 1000, /belongs to another user/, /chown 1000 '\/q'/],
  ["root's, for a user", directory(0, 0o755), 1000, /belongs to another user/, /chown/],
  ["writable for its group", directory(1000, 0o770), 1000, /can be written by others/, /chmod go-w '\/q'/],
  ["writable for all, by root too", directory(0, 0o702), 0, /can be written by others/, /chmod go-w/],
  [
    "a link",
    { ...directory(1000, 0o700), isDirectory: (): boolean => false },
    1000,
    /is not a directory/,
    /elsewhere/,
  ],
] as const)("a directory to write to cannot be %s", (_, facts, user, message, remedy) => {
  const { code, message: said, hint, refusal } = refusalOf(judge(facts, user));
  expect([code, said]).toEqual(["store_unreachable", expect.stringMatching(message)]);
  expect(refusal?.kind === "other_store" ? refusal.advice : hint).toMatch(remedy);
});

function refusalOf(act: () => void): QueuectlError {
  try {
    act();
  } catch (error) {
    if (error instanceof QueuectlError) return error;
  }
  throw new Error("It was not refused");
}
