import { expect, test } from "vitest";
import { argvOfMember } from "./start-foreground-pool.ts";

test.each([
  [
    ["worker", "start", "--count", "2", "--foreground", "--queue", "mail"],
    ["--queue", "mail"],
  ],
  [["worker", "start", "--count=2"], []],
])("a member of a pool in the foreground is started for itself: %j", (argv, kept) => {
  const member = argvOfMember(argv);
  expect(member).toEqual(["worker", "start", ...kept, "--foreground", "--count=1"]);
});
