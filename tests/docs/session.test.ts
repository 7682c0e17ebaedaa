import { afterAll, describe, expect, test } from "vitest";
import { Session } from "./session.ts";

describe("a session of a document", () => {
  const session = new Session();
  afterAll(() => session.close());

  test("fails where a command prints something else than is shown", async () => {
    const step = { command: "echo yes", shown: ["no"], exitCode: 0, isAfterMoment: false };
    await expect(session.show(step)).rejects.toThrow("The document shows:\nno\n\nIt printed:\nyes");
  });

  test("fails where a command exits otherwise than is shown", async () => {
    await expect(
      session.show({ command: "exit 3", shown: [], exitCode: 0, isAfterMoment: false }),
    ).rejects.toThrow("(exit code 3)");
    await expect(
      session.show({ command: "true", shown: [], exitCode: 3, isAfterMoment: false }),
    ).rejects.toThrow("(exit code 0)");
  });

  test("fails where any line of a script does", async () => {
    await expect(session.run("false\ntrue")).rejects.toThrow("ended with 1");
  });

  test("fails where a line of a crontab finds no queuectl in its PATH, or no node", async () => {
    const run = (path: string) => session.runFromCron("queuectl --version", [`PATH=${path}`]);
    await expect(run("/home/ada/node/bin:/usr/bin:/bin")).rejects.toThrow("ended with 127");
    await expect(run("/home/ada/bin:/usr/bin:/bin")).rejects.toThrow("ended with 127");
    await run("/home/ada/bin:/home/ada/node/bin:/usr/bin:/bin");
  });

  test("asks a command that is to be after a moment again until the answer is the one shown", async () => {
    // It comes true by being asked: no clock is needed.
    const step = { command: "cat fact 2> /dev/null; echo late > fact", shown: ["late"], exitCode: 0 };
    await session.show({ ...step, isAfterMoment: true });
  });

  test("asks any other command once, even one that only reads", async () => {
    const step = { command: "cat other 2> /dev/null; echo late > other", shown: ["late"], exitCode: 0 };
    await expect(session.show({ ...step, isAfterMoment: false })).rejects.toThrow("It printed:");
  });

  test("presses Ctrl-C where it is shown", async () => {
    const shown = ["ready", "^C", "stopped"];
    await session.show({
      command: `trap 'echo; echo stopped; exit 0' INT; echo ready; while :; do sleep 0.1; done`,
      shown,
      exitCode: 0,
      isAfterMoment: false,
    });
  });
});
