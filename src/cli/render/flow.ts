import { type FlowState, namesNotNeeded } from "../../domain/flow-state.ts";
import { type FlowDetails, type FlowStatus, standingSteps } from "../../queue/flow.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { drawFlow } from "./draw-flow.ts";
import { renderFacts } from "./facts.ts";
import { type Format, type Paint, painter } from "./style.ts";
import { renderTable } from "./table.ts";
import { isoTime, relativeTime, timeText } from "./time.ts";
import { visible } from "./visible.ts";
import { foldLines, widthOf } from "./wrap.ts";

const STATE_COLOURS: Readonly<Record<FlowState, Format>> = {
  pending: "cyan",
  running: "blue",
  completed: "green",
  failed: "red",
  cancelled: "gray",
};

/** A flow in a pipe: nothing cut, fields apart by tabs. */
export function flowLine(flow: FlowStatus, paint: Paint): string {
  const { id, name, state, createdAt } = flow;
  return `${[id, name, paint(STATE_COLOURS[state], state), doneText(flow), isoTime(createdAt)].join("\t")}\n`;
}

/** Flows on a terminal: aligned, coloured. */
export function flowTable(flows: readonly FlowStatus[], { options }: Invocation, io: Io): string {
  const paint = painter(io, options);
  const now = Date.now();
  const columns = [
    { title: "ID" },
    { title: "NAME", isFlexible: true, sparable: 2 },
    { title: "STATE" },
    { title: "DONE" },
    { title: "CREATED", sparable: 1 },
  ];
  const rows = flows.map((flow) => [
    { text: flow.id },
    { text: flow.name },
    { text: flow.state, paint: (text: string) => paint(STATE_COLOURS[flow.state], text) },
    { text: doneText(flow) },
    { text: relativeTime(flow.createdAt, now) },
  ]);
  return renderTable(columns, rows, io.stdout.columns);
}

/** Everything about one flow: how it stands, the drawing of it, and of the steps that failed by themselves why. */
export function flowText(flow: FlowDetails, { options }: Invocation, io: Io): string {
  const paint = painter(io, options);
  const { id, name, state, concurrency, createdAt } = flow;
  const width = widthOf(io.stdout);
  const facts = renderFacts(
    [
      ["Flow", `${id} (${name})`],
      ["State", paint(STATE_COLOURS[state], state)],
      ["Done", doneText(flow)],
      ["At once", concurrency === null ? null : `at most ${concurrency}`],
      ["Created", timeText(createdAt, io)],
    ],
    width,
  );
  const notNeeded = namesNotNeeded(standingSteps(flow.steps));
  const steps = flow.steps.map(({ name, dependsOn, job: { state: own, reason } }) => {
    const note = notNeeded.has(name) ? "not needed" : reason;
    return { name, dependsOn, standing: { state: own, note } };
  });
  const drawing = drawFlow(steps, width, paint);
  return `${facts.join("\n")}\n\n${drawing}${foldLines(failures(flow), width)}`;
}

function failures({ steps }: FlowDetails): string {
  const lines = steps
    .filter(({ job }) => job.state === "failed" || (job.state === "dead" && job.reason !== "dependency"))
    .map(({ name, job }) => `${name}: ${visible(job.error ?? job.state)}; queuectl logs ${job.id}\n`);
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}

function doneText({ done, total }: FlowStatus): string {
  return `${done}/${total}`;
}
