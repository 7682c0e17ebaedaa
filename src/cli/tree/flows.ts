import type { CommandGroup } from "../command.ts";

/** Jobs that wait for each other, started together. */
export const FLOWS: CommandGroup = {
  title: "Run flows",
  commands: [
    {
      path: ["flow", "run"],
      usage: "FILE | -",
      args: { min: 1, max: 1 },
      sentence: "start a flow: named steps that wait for each other",
      details: [
        "The file is YAML or JSON: { name: build, steps: { fetch: { run: make fetch }, test: { run: make test, needs: [fetch] } } }. The whole of it is checked, and nothing is added unless all of it is right.",
        "A step has run (a shell command) or argv, needs, after_any, after_fail, and fields of a job such as max_retries, timeout, env, tags, queue; defaults holds them for all steps, and concurrency limits how many run at once.",
        "Steps are jobs; their ids are the flow's, a dot, and the step's name. - reads the flow from standard input.",
      ],
      examples: [
        { line: "queuectl flow run build.yaml --dry-run", sentence: "check it and draw it, start nothing" },
        { line: "queuectl flow run build.yaml", sentence: "prints the flow's id" },
        { line: "queuectl flow run build.yaml --id nightly", sentence: "under an id of one's own" },
      ],
      options: [
        { name: "id", value: "ID", sentence: "the flow's id (default: its name and six characters)" },
        { name: "dry-run", sentence: "check the file and draw it, and start nothing" },
      ],
      load: () => import("../commands/flow-run.ts"),
    },
    {
      path: ["flow", "list"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "the flows, how each stands, and how many of its steps are done",
      examples: [
        { line: "queuectl flow list", sentence: "oldest first" },
        { line: "queuectl flow list --state failed", sentence: "those to look at" },
      ],
      options: [
        {
          name: "state",
          value: "STATE",
          sentence: "only those that stand so: pending, running, completed, failed, cancelled",
        },
        { name: "limit", value: "N", sentence: "only the newest N" },
      ],
      load: () => import("../commands/flow-list.ts"),
    },
    {
      path: ["flow", "show"],
      usage: "ID",
      args: { min: 1, max: 1 },
      sentence: "draw a flow, with the state of each step",
      examples: [{ line: "queuectl flow show @last", sentence: "the newest one" }],
      options: [],
      load: () => import("../commands/flow-show.ts"),
    },
    {
      path: ["flow", "cancel"],
      usage: "ID",
      args: { min: 1, max: 1 },
      sentence: "cancel all steps of a flow that are not finished",
      examples: [{ line: "queuectl flow cancel nightly", sentence: "returns when they are ended" }],
      options: [{ name: "no-wait", sentence: "return at once" }],
      load: () => import("../commands/flow-cancel.ts"),
    },
    {
      path: ["flow", "retry"],
      usage: "ID",
      args: { min: 1, max: 1 },
      sentence: "bring back the steps that died or were cancelled, and leave those that completed",
      examples: [{ line: "queuectl flow retry nightly", sentence: "with those that died of them" }],
      options: [],
      load: () => import("../commands/flow-retry.ts"),
    },
  ],
};
