import { EVENT_NAMES, type ShapeName } from "./shapes.ts";

/** What a verb prints with `--json`. */
export interface Answer {
  /** One value, a JSON array of them, one of them a line (NDJSON), or an array of ISO instants. */
  as: "one" | "array" | "lines" | "instants";
  /** One of these shapes each; instants have none. */
  shapes: readonly ShapeName[];
  /** In which case, where there are several. */
  when?: string;
}

/** The answers of every verb, by its words. */
export const ANSWERS: Readonly<Record<string, readonly Answer[]>> = {
  demo: [{ as: "one", shapes: ["demo"] }],
  enqueue: [
    { as: "one", shapes: ["job"], when: "one job was given" },
    {
      as: "array",
      shapes: ["job"],
      when: "an array, a file, standard input, `--array` or `--each-line` was given",
    },
  ],
  "schedule add": [{ as: "one", shapes: ["schedule"] }],
  "schedule list": [{ as: "array", shapes: ["schedule"] }],
  "schedule show": [{ as: "one", shapes: ["schedule"] }],
  "schedule next": [{ as: "instants", shapes: [] }],
  "schedule history": [{ as: "array", shapes: ["firing"] }],
  "schedule run": [{ as: "one", shapes: ["job"] }],
  "schedule pause": [{ as: "array", shapes: ["schedule"] }],
  "schedule resume": [{ as: "array", shapes: ["schedule"] }],
  "schedule remove": [{ as: "one", shapes: ["removed schedule"] }],
  "flow run": [
    { as: "one", shapes: ["flow"] },
    { as: "one", shapes: ["planned flow"], when: "with `--dry-run`" },
  ],
  "flow list": [{ as: "array", shapes: ["flow"] }],
  "flow show": [{ as: "one", shapes: ["flow with steps"] }],
  "flow cancel": [{ as: "one", shapes: ["flow"] }],
  "flow retry": [{ as: "one", shapes: ["flow"] }],
  "worker start": [
    { as: "lines", shapes: EVENT_NAMES, when: "it runs here" },
    { as: "one", shapes: ["started workers"], when: "it goes to the background" },
  ],
  "worker stop": [{ as: "one", shapes: ["stopped workers"] }],
  "worker status": [{ as: "array", shapes: ["worker"] }],
  "worker logs": [{ as: "lines", shapes: ["worker log line"] }],
  "service install": [{ as: "one", shapes: ["installed service"] }],
  "service uninstall": [{ as: "one", shapes: ["uninstalled service"] }],
  status: [{ as: "one", shapes: ["status"], when: "with `--watch`, again and again" }],
  list: [{ as: "array", shapes: ["job"] }],
  explain: [
    { as: "one", shapes: ["explanation"] },
    { as: "one", shapes: ["group explanation"], when: "it is the id of an array, a flow or a schedule" },
  ],
  info: [
    { as: "one", shapes: ["job with history"] },
    { as: "one", shapes: ["group"], when: "it is the id of an array, a flow or a schedule" },
  ],
  logs: [{ as: "lines", shapes: ["log line"] }],
  "queue list": [{ as: "array", shapes: ["queue"] }],
  "queue set": [{ as: "array", shapes: ["queue"] }],
  "queue pause": [{ as: "array", shapes: ["queue"] }],
  "queue resume": [{ as: "array", shapes: ["queue"] }],
  "queue drain": [{ as: "array", shapes: ["queue"] }],
  "key list": [{ as: "array", shapes: ["key"] }],
  "key set": [{ as: "array", shapes: ["key"] }],
  cancel: [{ as: "array", shapes: ["job"] }],
  retry: [{ as: "array", shapes: ["job"] }],
  "dlq list": [{ as: "array", shapes: ["dead job"] }],
  "dlq retry": [{ as: "array", shapes: ["job"] }],
  "dlq remove": [{ as: "one", shapes: ["removed jobs"] }],
  prune: [{ as: "one", shapes: ["pruned"] }],
  "config set": [{ as: "one", shapes: ["settings"] }],
  "config get": [
    { as: "one", shapes: ["settings"] },
    { as: "one", shapes: ["settings with origins"], when: "with `--origin`" },
  ],
  "config list": [
    { as: "one", shapes: ["settings"] },
    { as: "one", shapes: ["settings with origins"], when: "with `--origin`" },
  ],
};
