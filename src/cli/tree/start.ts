import type { CommandGroup } from "../command.ts";

/** For those who are new here. */
export const START: CommandGroup = {
  title: "Start here",
  commands: [
    {
      path: ["demo"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "a guided tour, on a store of its own",
      details: [
        "Real commands and two real workers: a job that succeeds, one that fails, is retried with backoff, goes to the dead letter queue, is mended and succeeds. Your own store is not touched, and nothing is left behind.",
      ],
      examples: [{ line: "queuectl demo", sentence: "takes about ten seconds" }],
      options: [],
      load: () => import("../commands/demo.ts"),
    },
  ],
};
