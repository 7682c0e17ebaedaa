import { formatDuration } from "../../domain/duration.ts";
import type { Job } from "../../domain/job.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { painter } from "../render/style.ts";
import { textWidth } from "../render/text-width.ts";
import { visible } from "../render/visible.ts";
import { type Audience, describeFailure } from "./tour.ts";

/** The one who is to see the tour: a person at a terminal, a pipe, or nobody. */
export function audienceFor({ options }: Invocation, io: Io): Audience {
  if (options.has("json") || options.has("quiet")) return NOBODY;
  const paint = painter(io, options);
  const canOverwrite = io.stdout.isTerminal && io.env["TERM"] !== "dumb";
  const write = (text: string) => io.stdout.write(text);
  return {
    isAtTerminal: io.stdout.isTerminal,
    welcome: () =>
      write("A tour of queuectl, on a store of its own. Every command in it is run as you see it.\n"),
    step: (sentence) => write(`\n${sentence}\n`),
    command: (line) => write(`${paint("bold", `$ ${line}`)}\n`),
    output: write,
    ...(canOverwrite ? whereItFits(countdown(write), announcements(write), io) : announcements(write)),
  };
}

const NOBODY: Audience = {
  isAtTerminal: false,
  welcome: () => {},
  step: () => {},
  command: () => {},
  output: () => {},
  waiting: () => {},
  waited: () => {},
};

type Waiting = Pick<Audience, "waiting" | "waited">;

/** A line that wraps cannot be overwritten: what does not fit is announced once. */
function whereItFits(countdown: Waiting, announcements: Waiting, { stdout }: Io): Waiting {
  const fits = (job: Job) => textWidth(counted(job, LONGEST_COUNTED_MS)) < stdout.columns;
  return {
    waiting: (job, leftMs) => (fits(job) ? countdown : announcements).waiting(job, leftMs),
    waited: () => {
      countdown.waited();
      announcements.waited();
    },
  };
}

/** By this the width of a countdown is judged, for all of it alike: its numbers become shorter. */
const LONGEST_COUNTED_MS = 99_900;

/** One line a failure, whose last words count the wait down to tenths of a second. */
function countdown(write: (text: string) => void): Waiting {
  let line = { failure: 0, text: "" };
  const endLine = () => {
    if (line.text !== "") write("\n");
    line = { failure: 0, text: "" };
  };
  return {
    waiting: (job, leftMs) => {
      if (line.failure !== job.attempts) endLine();
      const text = counted(job, leftMs);
      if (text !== line.text) write(`\r${text}`);
      line = { failure: job.attempts, text };
    },
    waited: endLine,
  };
}

/** One line a failure, and nothing that is overwritten. */
function announcements(write: (text: string) => void): Waiting {
  let announced = 0;
  return {
    waiting: (job, leftMs) => {
      if (announced === job.attempts) return;
      write(`${said(job)} Again in ${formatDuration(leftMs)}.\n`);
      announced = job.attempts;
    },
    waited: () => {
      announced = 0;
    },
  };
}

function counted(job: Job, leftMs: number): string {
  return `${said(job)} Again in ${(leftMs / 1_000).toFixed(1)} s `;
}

function said(job: Job): string {
  return visible(describeFailure(job));
}
