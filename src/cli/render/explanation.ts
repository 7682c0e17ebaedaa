import type { Condition } from "../../domain/dependency.ts";
import { capitalised } from "../../domain/describe.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { JobState } from "../../domain/job.ts";
import type {
  DependencyGate,
  GroupDependencyGate,
  LimitGate,
  Root,
  StartGate,
  WorkerGate,
} from "../../domain/start-gate.ts";
import type { Explanation } from "../../queue/explain.ts";
import type { GroupExplanation } from "../../queue/explain-group.ts";
import { waitingIn } from "../../queue/queues.ts";
import { remedyFor } from "../../queue/remedy.ts";
import { groupCounts } from "./group.ts";
import type { Paint } from "./style.ts";
import { textWidth } from "./text-width.ts";
import { isoTime } from "./time.ts";
import { visible } from "./visible.ts";
import { fold, wrap } from "./wrap.ts";

/** A job may wait for a thousand others; a screen holds so many, those that are not met first. */
const MOST_DEPENDENCIES = 10;

interface Look {
  now: number;
  width: number;
  paint: Paint;
}

const INDENT = " ".repeat("closed  ".length);

/** What stands between a job and its start, for people: a line or two a gate. */
export function renderExplanation(explanation: Explanation, { now, width, paint }: Look): string {
  const { job } = explanation;
  const { gates, left } = fewEnough(explanation.gates);
  const lines = gates.flatMap((gate) => gateLines(gate, job.id, { now, width, paint }));
  const rest = `and ${left} more dependencies: queuectl explain ${job.id} --json`;
  const more = left === 0 ? [] : fold(rest, width - INDENT.length).map((line) => INDENT + line);
  const body = [...lines, ...more].map((line) => `${line}\n`).join("");
  return `${fold(summary(explanation), width).join("\n")}\n${body === "" ? "" : `\n${body}`}`;
}

/** Why a group does not go on: how its jobs stand, its own gate, and the first that wait with what is closed before them. */
export function renderGroupExplanation({ group, gate, jobs }: GroupExplanation, look: Look): string {
  const { id, kind, counts } = group;
  const waiting = waitingIn(counts);
  const head = `${capitalised(kind)} ${visible(id)} has ${groupCounts(group)}.${waiting === 0 && jobs.length === 0 ? " None of them waits." : ""}`;
  const own = gate === null ? [] : gateLines(gate, id, look);
  const parts = jobs.map((each) => {
    const closed = fewEnough(each.gates.filter(({ isClosed }) => isClosed)).gates;
    return [
      ...fold(`${summary(each)}${describeBehind(each.behind)}`, look.width),
      ...closed.flatMap((closedGate) => gateLines(closedGate, each.job.id, look)),
    ];
  });
  const shown = jobs.filter(({ job }) => WAITING_STATES.includes(job.state)).length;
  const left = waiting - shown;
  const more = left > 0 ? [fold(`${left} more wait: queuectl list --of ${id}`, look.width)] : [];
  return [fold(head, look.width), ...(own.length > 0 ? [own] : []), ...parts, ...more]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

const WAITING_STATES: readonly JobState[] = ["pending", "failed", "blocked"];

function describeBehind(steps: number): string {
  return steps === 0 ? "" : ` ${steps === 1 ? "1 step waits" : `${steps} steps wait`} behind it.`;
}

/** Open or closed, what it is, and below it the command that helps. */
function gateLines(gate: StartGate, id: string, { now, width, paint }: Look): string[] {
  const isOver = gate.kind === "finished";
  const [first, ...rest] = fold(describeGate(gate, now), width - INDENT.length);
  const mark = isOver ? "over" : gate.isClosed ? "closed" : "open";
  const head = paint(gate.isClosed ? "yellow" : "green", mark) + INDENT.slice(mark.length);
  const remedy = remedyFor(gate, id);
  const command = remedy === null ? [] : commandLines(remedy, width);
  return [
    `${head}${first}`,
    ...rest.map((line) => INDENT + line),
    ...command.map(({ indent, text }) => indent + paint("bold", text)),
  ];
}

/**
 * A command that has no room in one line goes on in the next, as a shell reads it: between words, or, where one alone has
 * no room, anywhere; then from the edge, for blanks before the rest would part the word.
 */
function commandLines(command: string, width: number): { indent: string; text: string }[] {
  const continued = " \\";
  const room = width - INDENT.length;
  const lines = textWidth(command) <= room ? [command] : wrap(command, room - continued.length);
  const fits = lines.every((line) => textWidth(line) <= room - (lines.length > 1 ? continued.length : 0));
  const pieces = fits ? lines : (command.match(new RegExp(`.{1,${width - 1}}`, "gu")) ?? []);
  const end = fits ? continued : "\\";
  return pieces.map((text, index) => ({
    indent: fits ? INDENT : "",
    text: index === pieces.length - 1 ? text : text + end,
  }));
}

function fewEnough(gates: readonly StartGate[]): { gates: StartGate[]; left: number } {
  const dependencies = gates.filter(({ kind }) => kind === "dependency" || kind === "group_dependency");
  const shown = dependencies
    .toSorted((a, b) => Number(b.isClosed) - Number(a.isClosed))
    .slice(0, MOST_DEPENDENCIES);
  return {
    gates: gates.filter((gate) => !dependencies.includes(gate) || shown.includes(gate)),
    left: dependencies.length - shown.length,
  };
}

function summary({ job, gates, ahead }: Explanation): string {
  const name = `Job ${visible(job.id)}`;
  const inLine = describeLine(ahead ?? 0);
  if (job.state === "processing")
    return `${name} runs: worker ${job.worker} holds it. What it prints: queuectl logs ${job.id} --follow`;
  const [first] = gates;
  if (first?.kind === "finished") return `${name} is ${job.state}. Nothing will start it.`;
  const closed = gates.filter(({ isClosed }) => isClosed).length;
  if (closed === 0)
    return `${name} is ${job.state}. Nothing stands in its way: it is due, and a worker with a free slot serves its queue.${inLine}`;
  return `${name} is ${job.state}. ${closed === 1 ? "One gate is" : `${closed} gates are`} closed before it.${inLine}`;
}

/** Where it stands among those that are due as it is. */
function describeLine(ahead: number): string {
  if (ahead === 0) return "";
  const jobs =
    ahead > 1_000 ? "more than 1000 jobs stand" : ahead === 1 ? "1 job stands" : `${ahead} jobs stand`;
  return ` In its queue ${jobs} before it.`;
}

function describeGate(gate: StartGate, now: number): string {
  switch (gate.kind) {
    case "finished":
      return [
        gate.reason?.replaceAll("_", " ") ?? gate.state,
        ...(gate.error ? [visible(gate.error)] : []),
      ].join(": ");
    case "dependency":
      return describeDependency(gate);
    case "group_dependency":
      return describeGroup(gate);
    case "run_at":
      return `run_at: not before ${instant(gate.opensAt, now)}`;
    case "backoff":
      return `backoff: ${gate.attempts} of ${gate.allowed} executions have failed; the next at ${instant(gate.opensAt, now)}`;
    case "expires":
      return gate.isClosed
        ? `expires: it was not started by ${isoTime(gate.expiresAt)}; the next claim of a worker ends it`
        : `expires: at ${instant(gate.expiresAt, now)}, unless it has started by then`;
    case "queue":
    case "key":
    case "group":
      return `${gate.kind} ${visible(gate.name)}: ${describeLimit(gate, now)}`;
    case "suspect":
      return gate.makesRoom === null
        ? "suspect: it was lost with its worker, and runs alone; a worker is empty"
        : `suspect: it was lost with its worker, and runs alone; worker ${gate.makesRoom} claims nothing more until it is empty`;
    case "worker":
      return `worker: ${describeWorkers(gate)}`;
  }
}

const WANTED: Readonly<Record<Condition, string>> = {
  completed: "complete",
  finished: "finish",
  failed: "fail",
};

function describeDependency({ on, condition, state, judgement, root }: DependencyGate): string {
  const what = `job ${visible(on)} must ${WANTED[condition]} first, and is ${state}`;
  if (judgement !== "impossible") return `${what}${behind(root)}`;
  return condition === "failed" ? `${what}: ${NOT_NEEDED}` : `${what}${behind(root)}: it cannot any more`;
}

const NOT_NEEDED = "this one is not needed; to run it nevertheless, enqueue it anew";

/** `47 of the 50 jobs of sim must complete first: sim.4 is pending, …`. */
function describeGroup({ on, condition, counts, unmet, root }: GroupDependencyGate): string {
  const { met, waiting, impossible } = counts;
  const left = waiting + impossible;
  const all = `the ${met + left} jobs of ${visible(on)}`;
  if (left === 0) return `${all} had to ${WANTED[condition]} first, and did`;
  const [first, ...others] = unmet.map(({ id, state }) => `${visible(id)} is ${state}`);
  const named = [`${first}${behind(root)}`, ...others, ...(left > unmet.length ? ["…"] : [])].join(", ");
  const what = `${left} of ${all} must ${WANTED[condition]} first: ${named}`;
  if (impossible === 0) return what;
  return condition === "failed" ? `${what}: ${NOT_NEEDED}` : `${what}; ${impossible} cannot any more`;
}

function behind(root: Root | null): string {
  return root === null ? "" : ` behind job ${visible(root.id)}, which is ${root.state}`;
}

function describeLimit(
  { state, cause, running, concurrency, rate, opensAt, holders }: LimitGate,
  now: number,
): string {
  switch (cause) {
    case "paused":
      return "it is paused";
    case "full": {
      const more = running > holders.length ? ", …" : "";
      return `${running} of ${concurrency} run: ${holders.map(visible).join(", ")}${more}`;
    }
    case "pace":
      return `its rate is ${rate}; it opens at ${instant(opensAt ?? now, now)}`;
    case null: {
      const limits = [
        concurrency === null ? `${running} run` : `${running} of ${concurrency} run`,
        ...(rate === null ? [] : [`its rate is ${rate}`]),
        ...(state === "draining" ? ["it takes no new jobs"] : []),
      ];
      return limits.join(", ");
    }
  }
}

function describeWorkers({ cause, queue, slots, busy }: WorkerGate): string {
  switch (cause) {
    case "no_worker":
      return "none is running";
    case "all_stopping":
      return "those that run are stopping, and claim nothing more";
    case "none_serves_its_queue":
      return `none of those that run serves the queue ${queue}`;
    case "no_free_slot":
      return `those that serve the queue ${queue} are all busy, with ${busy} of ${slots} slots`;
    case "kept_for_suspect":
      return `${busy} of ${slots} slots are taken, and the others are kept for a suspect, which runs alone`;
    case null:
      return `${busy} of ${slots} slots are taken`;
  }
}

/** Exact, and how far away: what a person wants to know of a wait. */
function instant(at: number, now: number): string {
  return `${isoTime(at)} (in ${formatDuration(Math.max(0, at - now))})`;
}
