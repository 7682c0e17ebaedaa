import { quoteArgv } from "../domain/shell-quote.ts";
import type {
  DependencyGate,
  FinishedGate,
  GroupDependencyGate,
  LimitGate,
  Root,
  StartGate,
  WorkerGate,
} from "../domain/start-gate.ts";

/** The command that opens a closed gate, or shows what does; null when it opens by itself alone, or never. */
export function remedyFor(gate: StartGate, jobId: string): string | null {
  if (!gate.isClosed) return null;
  switch (gate.kind) {
    case "finished":
      return remedyForFinished(gate, jobId);
    case "dependency":
      return remedyForDependency(gate);
    case "group_dependency":
      return remedyForGroup(gate);
    case "backoff":
      return `queuectl retry ${jobId}`;
    case "key":
      return remedyForKey(gate);
    case "queue":
    case "group":
      return remedyForLimit(gate);
    case "suspect":
      return "queuectl worker status";
    case "worker":
      return remedyForWorker(gate);
    case "run_at":
    case "expires":
      return null;
  }
}

function remedyForFinished({ state, isHopeless }: FinishedGate, jobId: string): string | null {
  // What it depends on comes first, and has a remedy of its own.
  if (isHopeless) return null;
  return `queuectl ${state === "dead" ? "dlq retry" : "retry"} ${jobId}`;
}

/** About the job at which the chain begins: nothing else in it moves before. */
function remedyForDependency({ on, state, judgement, condition, root }: DependencyGate): string | null {
  // It is not needed: only a new job can be.
  if (judgement === "impossible" && condition === "failed") return null;
  return remedyAt(root ?? { id: on, state });
}

function remedyForGroup({ on, condition, counts, unmet, root }: GroupDependencyGate): string | null {
  if (counts.impossible > 0 && condition === "failed") return null;
  if (counts.impossible > 0 && root === null) return `queuectl retry ${on}`;
  const first = root ?? unmet[0];
  return first ? remedyAt(first) : null;
}

/** About the job at which a chain begins. */
function remedyAt({ id, state }: Root): string {
  if (state === "dead") return `queuectl dlq retry ${id}`;
  if (state === "cancelled") return `queuectl retry ${id}`;
  return `queuectl explain ${id}`;
}

/** Never that the limit be taken away: who set it had a reason, and time opens it. */
function remedyForLimit({ name, cause, holders }: LimitGate): string | null {
  if (cause === "paused") return `queuectl queue resume ${name}`;
  const [holder] = holders;
  return cause === "full" && holder !== undefined ? `queuectl info ${holder}` : null;
}

/** Of a key that lets one job run, that is what it is for: who holds it is the question. */
function remedyForKey({ name, concurrency, running, holders }: LimitGate): string | null {
  if (concurrency !== null && concurrency > 1)
    return quoteArgv(["queuectl", "key", "set", name, "--limit", `${running + 1}`]);
  return holders[0] === undefined ? null : `queuectl info ${holders[0]}`;
}

function remedyForWorker({ cause, queue }: WorkerGate): string {
  return cause === "none_serves_its_queue"
    ? `queuectl worker start --queue ${queue}`
    : "queuectl worker start --count 1";
}
