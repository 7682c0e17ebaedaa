import fc from "fast-check";
import { expect, test } from "vitest";
import { fakeIo } from "../../../tests/support/fake-io.ts";
import { writeJson, writeJsonArray } from "./json.ts";

test("an array that is written entry by entry is one JSON value", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 5 }), async (values) => {
      const io = fakeIo();
      await writeJsonArray(
        io,
        (async function* () {
          yield* values;
        })(),
      );
      expect(JSON.parse(io.stdout.text)).toEqual(JSON.parse(JSON.stringify(values)));
      expect(io.stdout.text.endsWith("]\n")).toBe(true);
    }),
  );
});

test("one value is written over lines, for people who look at it", () => {
  const io = fakeIo();
  writeJson(io, { a: 1 });
  expect(io.stdout.text).toBe('{\n  "a": 1\n}\n');
});
