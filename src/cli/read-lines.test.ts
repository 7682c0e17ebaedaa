import { expect, test } from "vitest";
import { fakeIo } from "../../tests/support/fake-io.ts";
import { announceReading } from "./read-lines.ts";

test("who sits at the terminal is told that lines are read, and how they end; a pipe is not", () => {
  const person = fakeIo({ canAsk: true });
  announceReading(person);
  expect(person.stderr.text).toBe("Reading lines; Ctrl-D ends.\n");
  const pipe = fakeIo({ canAsk: false });
  announceReading(pipe);
  expect(pipe.stderr.text).toBe("");
});
