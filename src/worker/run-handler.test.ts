import { expect, test } from "vitest";
import { buildStoredJob } from "../../tests/support/build-job.ts";
import type { OutputStream } from "./launcher.ts";
import { type Handler, handlerRunner } from "./run-handler.ts";

const CLAIM = { token: 1, number: 1, job: buildStoredJob() };
const LIMITS = { timeoutMs: 0, killGraceMs: 0 };

/** What a handler's execution hands over, piece by piece. */
async function piecesOf(handler: Handler): Promise<[OutputStream, string][]> {
  const pieces: [OutputStream, string][] = [];
  const run = handlerRunner(handler)(CLAIM, LIMITS, (stream, bytes) => {
    pieces.push([stream, bytes.toString()]);
    return undefined;
  });
  await run.ended;
  return pieces;
}

test("the lines of one turn are handed over as one piece, in order with the error that follows", async () => {
  const pieces = await piecesOf(async (_, { log }) => {
    log("one");
    await null;
    log("two");
    throw "three";
  });
  expect(pieces).toEqual([
    ["stdout", "one\ntwo\n"],
    ["stderr", "three\n"],
  ]);
});

test("lines that were logged long before the end do not wait for it", async () => {
  const { promise: seen, resolve: see } = Promise.withResolvers<void>();
  const run = handlerRunner(async (_, { log }) => {
    log("still at it");
    await seen;
  })(CLAIM, LIMITS, () => {
    see();
    return undefined;
  });
  expect(await run.ended).toEqual({ outcome: { kind: "succeeded" }, error: null });
});

test("a hundred thousand lines at once are some hundred pieces, and all of them arrive", async () => {
  const line = "x".repeat(49);
  const pieces = await piecesOf((_, { log }) => {
    for (let count = 0; count < 100_000; count++) log(line);
  });
  expect(pieces.length).toBeLessThan(100);
  expect(pieces.map(([, text]) => text).join("")).toBe(`${line}\n`.repeat(100_000));
});
