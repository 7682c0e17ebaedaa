import type { CommandGroup } from "../command.ts";

/** What of a queue may run, and when. */
export const QUEUES: CommandGroup = {
  title: "Steer queues",
  commands: [
    {
      path: ["queue", "list"],
      soughtAs: ["show"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "the queues, what is set of each, and how many jobs it has",
      examples: [
        { line: "queuectl queue list", sentence: "those that have jobs, or of which something is set" },
      ],
      options: [],
      load: () => import("../commands/queue-list.ts"),
    },
    {
      path: ["queue", "set"],
      soughtAs: ["remove"],
      usage: "NAME",
      args: { min: 1, max: 1 },
      sentence: "how many jobs of a queue run at once, and start in a period",
      details: [
        "Both count over all workers. A rate is exact: in no window of its period do more executions start.",
        "What is not given stays as it is; none takes a limit away.",
      ],
      examples: [
        { line: "queuectl queue set media --concurrency 4", sentence: "at most four at once" },
        { line: "queuectl queue set mail --rate 100/min", sentence: "at most a hundred in any minute" },
        { line: "queuectl queue set media --concurrency none", sentence: "as many as there are slots again" },
      ],
      options: [
        { name: "concurrency", value: "N | none", sentence: "at most N at once" },
        { name: "rate", value: "RATE | none", sentence: "such as 5/s, 100/min, 1000/h, 10/30s" },
      ],
      load: () => import("../commands/queue-set.ts"),
    },
    {
      path: ["queue", "pause"],
      usage: "NAME…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "start nothing of a queue; what runs goes on",
      details: ["One that is draining cannot be paused: it would take new jobs again."],
      examples: [{ line: "queuectl queue pause media", sentence: "until it is resumed" }],
      options: [],
      load: () => import("../commands/queue-pause.ts"),
    },
    {
      path: ["queue", "resume"],
      usage: "NAME…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "open a queue that was paused or drained",
      examples: [{ line: "queuectl queue resume media mail", sentence: "both of them" }],
      options: [],
      load: () => import("../commands/queue-resume.ts"),
    },
    {
      path: ["queue", "drain"],
      soughtAs: ["remove"],
      usage: "NAME",
      args: { min: 1, max: 1 },
      sentence: "take no new jobs, and wait until the queue is empty",
      details: [
        "What waits in it still runs, also when it was paused. It takes new jobs again after queue resume.",
      ],
      examples: [
        { line: "queuectl queue drain media", sentence: "returns when nothing of it waits or runs" },
      ],
      options: [{ name: "no-wait", sentence: "return at once" }],
      load: () => import("../commands/queue-drain.ts"),
    },
    {
      path: ["key", "list"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "the keys that jobs have, their limits, and how many jobs run and wait",
      examples: [{ line: "queuectl key list", sentence: "running, limit, waiting" }],
      options: [],
      load: () => import("../commands/key-list.ts"),
    },
    {
      path: ["key", "set"],
      usage: "NAME",
      args: { min: 1, max: 1 },
      sentence: "how many jobs of a key run at once, whatever their queues",
      details: [
        "It holds for the jobs that the key has already, and for those that come, until one of these gives another --key-limit. What runs goes on.",
      ],
      examples: [{ line: "queuectl key set host=db1 --limit 2", sentence: "two of this key at once" }],
      options: [{ name: "limit", value: "N | none", sentence: "at most N at once" }],
      load: () => import("../commands/key-set.ts"),
    },
  ],
};
