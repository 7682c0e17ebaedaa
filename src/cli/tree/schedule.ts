import type { CommandGroup, CommandSpec, OptionSpec } from "../command.ts";
import { ADD } from "./add.ts";

/** What may be said of the job as well as for `enqueue`. Its id and its instant come from the schedule. */
const JOB_OPTIONS: ReadonlySet<string> = new Set([
  "command",
  "max-retries",
  "timeout",
  "backoff-base",
  "priority",
  "queue",
  "expires",
  "key",
  "key-limit",
  "unique",
  "tag",
  "env",
  "cwd",
  "stdin",
]);

const OPTIONS: readonly OptionSpec[] = [
  {
    name: "tz",
    value: "ZONE",
    sentence: "whose clock counts, such as Europe/Rome (default: this machine's)",
  },
  {
    name: "overlap",
    value: "POLICY",
    sentence: "while an earlier run is unfinished: skip, queue, replace or allow (default: skip)",
  },
  {
    name: "catch-up",
    value: "POLICY",
    sentence: "of what came while no worker ran: one, all or none (default: one)",
  },
  {
    name: "replace",
    sentence: "put it in the place of the schedule of this name; what is not given goes back to its default",
  },
  ...ADD.commands.flatMap(({ options }) => options).filter(({ name }) => JOB_OPTIONS.has(name)),
];

/** A verb that is about one schedule. */
function aboutOne(
  verb: string,
  spec: Pick<CommandSpec, "sentence" | "examples" | "load"> &
    Partial<Pick<CommandSpec, "details" | "options" | "aliases">>,
): CommandSpec {
  return { path: ["schedule", verb], usage: "NAME", args: { min: 1, max: 1 }, options: [], ...spec };
}

/** A verb that is about one schedule, or several. */
function aboutSome(...[verb, spec]: Parameters<typeof aboutOne>): CommandSpec {
  return { ...aboutOne(verb, spec), usage: "NAME…", args: { min: 1, max: Number.POSITIVE_INFINITY } };
}

/** What comes by itself. */
export const SCHEDULE: CommandGroup = {
  title: "Run by the clock",
  commands: [
    {
      path: ["schedule", "add"],
      usage: "NAME PATTERN COMMAND | -- PROGRAM ARG…",
      args: { min: 2, max: 3 },
      takesCommand: true,
      sentence: "enqueue a job again and again, by the clock of a zone",
      details: [
        "PATTERN has five fields as in crontab: minute, hour, day of the month, month, day of the week; a sixth in front counts seconds. @hourly, @daily, @weekly, @monthly and @yearly are short for some.",
        "A time that the clocks skip in spring runs once, right after it; one that comes twice in autumn runs once, the first time. Each instant is run once, however many workers there are.",
        "A worker that is up runs what is due; no other program is needed.",
      ],
      examples: [
        {
          line: "queuectl schedule add nightly '0 3 * * *' --tz Europe/Rome -- ./backup.sh",
          sentence: "at three in the morning, in Rome",
        },
        {
          line: "queuectl schedule add poll '*/30 * * * * *' --overlap skip ./poll.sh",
          sentence: "every 30 seconds, never two at once",
        },
        {
          line: "queuectl schedule add report '0 8 * * MON-FRI' --catch-up none ./report.sh",
          sentence: "not at all when nobody was there at eight",
        },
      ],
      options: OPTIONS,
      load: () => import("../commands/schedule-add.ts"),
    },
    {
      path: ["schedule", "list"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "all schedules, when each runs next, and what came of it last",
      examples: [{ line: "queuectl schedule list", sentence: "by name" }],
      options: [],
      load: () => import("../commands/schedule-list.ts"),
    },
    aboutOne("show", {
      sentence: "all that is known of one: its policies, and what each run is given",
      examples: [{ line: "queuectl schedule show nightly", sentence: "with secrets masked" }],
      load: () => import("../commands/schedule-show.ts"),
    }),
    aboutOne("next", {
      sentence: "when it will run",
      examples: [{ line: "queuectl schedule next nightly --count 5", sentence: "the next five instants" }],
      options: [{ name: "count", value: "N", sentence: "how many (default: 1)" }],
      load: () => import("../commands/schedule-next.ts"),
    }),
    aboutOne("history", {
      sentence: "what became of its instants: run, skipped, missed",
      examples: [
        {
          line: "queuectl schedule history nightly --limit 10",
          sentence: "the newest ten, oldest of them first",
        },
      ],
      options: [
        { name: "limit", value: "N", sentence: "only the newest N (default: 50; at most 1000 are kept)" },
      ],
      load: () => import("../commands/schedule-history.ts"),
    }),
    aboutOne("run", {
      sentence: "run it now, besides its instants",
      details: ["Also a paused one. Its policy for overlaps holds here too."],
      examples: [{ line: "queuectl schedule run nightly", sentence: "one more run, at once" }],
      load: () => import("../commands/schedule-run.ts"),
    }),
    aboutSome("pause", {
      sentence: "let its instants pass by; what runs goes on",
      examples: [{ line: "queuectl schedule pause nightly", sentence: "until it is resumed" }],
      load: () => import("../commands/schedule-pause.ts"),
    }),
    aboutSome("resume", {
      sentence: "let a paused one go on, from its next instant",
      examples: [{ line: "queuectl schedule resume nightly", sentence: "nothing is caught up of the pause" }],
      load: () => import("../commands/schedule-pause.ts"),
    }),
    aboutSome("remove", {
      aliases: [["schedule", "rm"]],
      sentence: "for good, with its history; its jobs stay",
      examples: [{ line: "queuectl schedule remove nightly", sentence: "what runs goes on" }],
      load: () => import("../commands/schedule-remove.ts"),
    }),
  ],
};
