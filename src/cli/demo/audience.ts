import { formatDuration } from "../../domain/duration.ts";
import type { Job } from "../../domain/job.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { painter } from "../render/style.ts";
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
    ...(canOverwrite ? countdown(write) : announcements(write)),
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
      const text = `${said(job)} Again in ${(leftMs / 1_000).toFixed(1)} s `;
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

function said(job: Job): string {
  return visible(describeFailure(job));
}
