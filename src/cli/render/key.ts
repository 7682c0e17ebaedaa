import { judgeGate } from "../../domain/gate.ts";
import type { KeyRecord } from "../../store/store.ts";
import type { Look } from "./queue.ts";
import { type Column, renderTable } from "./table.ts";
import { visible } from "./visible.ts";

const COLUMNS: readonly Column[] = [
  { title: "KEY", isFlexible: true },
  { title: "RUNNING" },
  { title: "LIMIT" },
  { title: "WAITING" },
];

/** Keys on a terminal; those that let nothing start stand out. */
export function keyTable(keys: readonly KeyRecord[], { now, width, paint }: Omit<Look, "time">): string {
  const rows = keys.map((key) =>
    keyFacts(key).map((text, index) =>
      index === 1 && judgeGate(key.gate, now) !== null
        ? { text, paint: (cell: string) => paint("yellow", cell) }
        : { text },
    ),
  );
  return renderTable(COLUMNS, rows, width);
}

/** What a person sees of one, in a table or a pipe. */
export function keyFacts({ gate, waiting }: KeyRecord): string[] {
  const { name, running, maxRunning } = gate;
  return [visible(name), String(running), maxRunning === null ? "-" : String(maxRunning), String(waiting)];
}
