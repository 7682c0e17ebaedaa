import { SETTINGS } from "../../config/settings.ts";
import type { CommandGroup, OptionSpec } from "../command.ts";

const FOREGROUND_OPTIONS: readonly OptionSpec[] = [
  { name: "foreground", sentence: "stay in this terminal, whatever the count" },
  { name: "background", sentence: "leave this terminal, whatever the count" },
];

const SERVICE_OPTIONS: readonly OptionSpec[] = [
  { name: "name", value: "NAME", sentence: "what the service is called (default: queuectl)" },
  { name: "system", sentence: "for the machine, not for this user" },
];

/** Settings that one worker may override. */
const WORKER_SETTING_OPTIONS: readonly OptionSpec[] = SETTINGS.filter(
  ({ flagOf }) => flagOf === "worker",
).map(({ key, type, sentence }) => ({
  name: key,
  value: type === "size" ? "SIZE" : type === "number" || type === "count" ? "N" : "TIME",
  sentence,
}));

/** Who runs the jobs. */
export const WORK: CommandGroup = {
  title: "Run jobs",
  commands: [
    {
      path: ["worker", "start"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "run jobs: here, or with --count N in the background",
      details: [
        "Without --count one worker runs in this terminal until Ctrl-C. With --count N, N worker processes run in the background and outlive the terminal.",
      ],
      examples: [
        { line: "queuectl worker start", sentence: "one worker, in this terminal" },
        { line: "queuectl worker start --count 4", sentence: "four, in the background" },
        {
          line: "queuectl worker start --concurrency 8 --queue media",
          sentence: "eight jobs of one queue at once",
        },
        { line: "queuectl worker start --drain", sentence: "do what there is to do, then exit" },
      ],
      options: [
        { name: "count", value: "N", sentence: "how many worker processes" },
        { name: "concurrency", value: "N", sentence: "how many jobs at once in each (default: 1)" },
        { name: "queue", value: "NAME", repeatable: true, sentence: "serve this queue only (default: all)" },
        {
          name: "drain",
          sentence:
            "exit when no job is due, running, or waiting for a retry; one that a limit or a rate holds back is waited for, one in a paused queue is not",
        },
        ...FOREGROUND_OPTIONS,
        ...WORKER_SETTING_OPTIONS,
        // How a background worker tells its starter that it is up. Hidden: people have no use for it.
        { name: "announce-fd", value: "FD", sentence: "" },
        // The pool it belongs to, and whose place there it takes. Hidden too.
        { name: "pool", value: "ID", sentence: "" },
        { name: "in-place-of", value: "WORKER", sentence: "" },
      ],
      load: () => import("../commands/worker-start.ts"),
    },
    {
      path: ["worker", "stop"],
      usage: "[WORKER | PID]",
      args: { min: 0, max: 1 },
      sentence: "let workers finish their jobs and exit",
      examples: [
        { line: "queuectl worker stop", sentence: "all workers of this store" },
        { line: "queuectl worker stop --grace 30s", sentence: "interrupt the jobs that take longer" },
        { line: "queuectl worker stop w-7f3k9c", sentence: "one of them" },
      ],
      options: [
        { name: "grace", value: "TIME", sentence: "how long their jobs may take; then they are interrupted" },
        { name: "force", sentence: "interrupt their jobs now" },
        { name: "no-wait", sentence: "return at once" },
      ],
      load: () => import("../commands/worker-stop.ts"),
    },
    {
      path: ["worker", "status"],
      aliases: [["worker", "list"]],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "who is working, and on what",
      examples: [{ line: "queuectl worker status", sentence: "active workers, then each with its jobs" }],
      options: [],
      load: () => import("../commands/worker-status.ts"),
    },
    {
      path: ["worker", "logs"],
      usage: "[WORKER]",
      args: { min: 0, max: 1 },
      sentence: "the background workers' own log",
      examples: [{ line: "queuectl worker logs --follow", sentence: "as it grows" }],
      options: [
        { name: "follow", sentence: "go on as it grows" },
        { name: "tail", value: "N", sentence: "only the last N lines" },
      ],
      load: () => import("../commands/worker-logs.ts"),
    },
    {
      path: ["service", "install"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "let the init system keep workers running, from boot to boot",
      details: [
        "Writes a systemd user unit (launchd on macOS) and says how to start it; it starts nothing itself. PATH is kept as it is now.",
      ],
      examples: [
        { line: "queuectl service install --count 2 --concurrency 4", sentence: "two workers, as this user" },
        { line: "queuectl service install --print", sentence: "show the unit, write nothing" },
      ],
      options: [
        { name: "count", value: "N", sentence: "how many worker processes (default: 1)" },
        { name: "concurrency", value: "N", sentence: "how many jobs at once in each (default: 1)" },
        { name: "queue", value: "NAME", repeatable: true, sentence: "serve this queue only (default: all)" },
        ...SERVICE_OPTIONS,
        { name: "print", sentence: "print the unit, write nothing" },
      ],
      load: () => import("../commands/service-install.ts"),
    },
    {
      path: ["service", "uninstall"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "take the service's file away",
      examples: [{ line: "queuectl service uninstall", sentence: "after it was stopped and disabled" }],
      options: [...SERVICE_OPTIONS],
      load: () => import("../commands/service-uninstall.ts"),
    },
  ],
};
