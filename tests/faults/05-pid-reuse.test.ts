import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { quoteArgv } from "../../src/domain/shell-quote.ts";
import { homeForTest } from "../support/queuectl.ts";
import { QUEUECTL } from "../support/worker-terminal.ts";
import { fault } from "./support/fault.ts";
import { readHistory } from "./support/history.ts";

const SCRIPT = fileURLToPath(new URL("./support/pid-reuse.sh", import.meta.url));

const NOBODY = `Active Workers: 0
No workers are running.
stop of the stranger: exit 4
strangers alive: 2
`;

fault(
  "a stranger that got the pid of a dead worker or of its job is neither signalled nor counted as a worker",
  {
    row: "5",
    target: "50 times: no stranger is ever signalled or counted as a worker",
    needs: ["root", "unshare", "setsid"],
    limitMs: 180_000,
  },
  async ({ rounds, record }) => {
    const home = homeForTest();
    const times = rounds(50, 2);
    for (let round = 1; round <= times; round++) {
      const { stdout, stderr } = await home.shell(
        `unshare --pid --fork --mount-proc /bin/sh ${quoteArgv([SCRIPT])} job-${round} ${QUEUECTL}`,
      );
      expect({ stdout, stderr }).toEqual({ stdout: NOBODY, stderr: "" });
    }
    // And the dead worker was not taken for a living one either: its job ran again.
    const outcomes = readHistory(home).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(Array.from({ length: times }, () => ["lost", "succeeded"]).flat());
    record(`${times} workers and ${times} jobs whose pids went to strangers: signalled 0, counted 0`);
  },
);
