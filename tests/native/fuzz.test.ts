import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeKill, encodeSpawn, encodeTaken, encodeTerminate } from "../../src/worker/native-protocol.ts";
import { compileSanitized, NativeProcess } from "../support/native-process.ts";

const PATH = compileSanitized();

/** Few, so that frames meet the jobs of others. */
const job = fc.integer({ min: 0, max: 5 });

function encode(id: number, argv: string[], stdin: string | null): Buffer {
  const frame = encodeSpawn(id, { argv, cwd: undefined, env: { A: "b" }, isVerbatim: false, stdin });
  if (typeof frame === "string") throw new Error(frame);
  return frame;
}

const validFrame: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .tuple(job, fc.option(fc.string({ maxLength: 200 })))
    .map(([id, stdin]) => encode(id, ["/bin/cat"], stdin)),
  job.map((id) => encode(id, ["/bin/sleep", "9"], null)),
  job.map((id) => encode(id, ["/bin/sh", "-c", "head -c 100000 /dev/zero"], null)),
  fc
    .tuple(job, fc.constantFrom("stdout", "stderr"), fc.integer({ min: 0, max: 70_000 }))
    .map(([id, stream, bytes]) => encodeTaken(id, stream as "stdout", bytes)),
  job.map(encodeTerminate),
  job.map(encodeKill),
);

/** A frame with some bytes changed, cut short or made longer. */
const mutatedFrame: fc.Arbitrary<Buffer> = fc
  .record({
    frame: validFrame,
    changes: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    cut: fc.option(fc.nat(60)),
    more: fc.uint8Array({ maxLength: 20 }),
  })
  .map(({ frame, changes, cut, more }) => {
    const bytes = Buffer.from(frame);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return Buffer.concat([bytes.subarray(0, cut === null ? undefined : bytes.length - cut), more]);
  });

const anyFrame: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: validFrame },
  { weight: 2, arbitrary: mutatedFrame },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
);

/** How many conversations; each is of up to 40 frames. */
const RUNS = 250;
/** On a slow machine the rest is left out. */
const LIMIT_MS = 20_000;

test("whatever is said to a launcher, it ends well, and without a fault of memory", async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 40 }), async (frames) => {
      const native = new NativeProcess(PATH);
      native.send(...frames);
      native.hangUp();
      // 2 says that it has understood that this was nonsense.
      expect(await native.ended()).toBeOneOf([0, 2]);
      expect(native.stderr).toBe("");
      ran += 1;
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: false },
  );
  expect(ran).toBeGreaterThan(10);
});
