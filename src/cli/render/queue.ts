import { judgeGate } from "../../domain/gate.ts";
import { formatRate } from "../../domain/rate.ts";
import type { QueueRecord } from "../../store/store.ts";
import type { Paint } from "./style.ts";
import { type Cell, type Column, renderTable } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { title: "QUEUE" },
  { title: "STATE" },
  { title: "RUNNING", sparable: 2 },
  { title: "RATE", sparable: 3 },
  { title: "PENDING", sparable: 1 },
  { title: "BLOCKED", sparable: 6 },
  { title: "FAILED", sparable: 5 },
  { title: "DEAD", sparable: 4 },
  { title: "COMPLETED", sparable: 7 },
];

type Clock = Pick<Look, "now" | "time">;

export interface Look {
  now: number;
  width: number;
  paint: Paint;
  time: (at: number) => string;
}

/** Queues on a terminal, and in the views that have room for some of them. */
export function queueTable(queues: readonly QueueRecord[], { width, paint, ...clock }: Look): string {
  const rows = queues.map((queue): Cell[] =>
    queueFacts(queue, clock).map((text, index) =>
      index === 1 && text !== "open" ? { text, paint: (cell) => paint("yellow", cell) } : { text },
    ),
  );
  return renderTable(COLUMNS, rows, width);
}

/** What a person sees of one, in a table or a pipe. */
export function queueFacts({ gate, counts }: QueueRecord, clock: Clock): string[] {
  const { name, running, maxRunning, rate } = gate;
  return [
    name,
    queueState({ gate }, clock),
    maxRunning === null ? String(running) : `${running}/${maxRunning}`,
    rate === null ? "-" : formatRate(rate),
    ...[counts.pending, counts.blocked, counts.failed, counts.dead, counts.completed].map(String),
  ];
}

/** `open`, `paused`, `draining`; and why nothing starts, where that is not said by it. */
export function queueState({ gate }: Pick<QueueRecord, "gate">, { now, time }: Clock): string {
  const closure = judgeGate(gate, now);
  switch (closure?.kind) {
    case "full":
      return gate.state === "open" ? "full" : `${gate.state}, full`;
    case "pace":
      return `${gate.state}, next ${time(closure.opensAt)}`;
    case "paused":
    case undefined:
      return gate.state;
  }
}
