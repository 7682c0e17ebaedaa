import { type Transition, toCancelled, toDead, toPendingAgain } from "./transition.ts";

/**
 * What becomes of jobs whose worker, or whose worker's launcher, died. Any of those that it held may have killed it, and
 * nobody can tell which. So all of them are suspects: each is run again alone in its worker, where the next loss says
 * something. A job that is lost alone `crash-limit` times in a row is a crash loop; the first recorded result of whatever
 * kind clears it.
 */

/** One execution that was lost with its worker. */
export interface Loss {
  /** How often in a row the job was lost while it ran alone; null when it is under no suspicion. */
  suspicion: number | null;
  attempts: number;
  /** How many executions were lost at once, this one included. */
  lostTogether: number;
  /** What took them along when it died. */
  what: "worker" | "launcher";
  /** False when something else is known to have ended the worker: a reboot, or a person. */
  mayBeItsFault: boolean;
  isToBeCancelled: boolean;
}

export interface AfterLoss {
  transition: Transition;
  suspicion: number | null;
  /** One line for people. */
  error: string;
}

/** Where a lost job goes. It never costs a retry: whatever a loss is, it is no failure of the command's own. */
export function decideAfterLoss(loss: Loss, crashLimit: number): AfterLoss {
  const { suspicion, attempts, lostTogether, what, mayBeItsFault, isToBeCancelled } = loss;
  const error = what === "worker" ? "its worker died" : "the launcher of its worker died";
  if (isToBeCancelled) return { transition: toCancelled(), suspicion, error };
  if (!mayBeItsFault) return { transition: toPendingAgain(), suspicion, error };
  const isAlone = lostTogether === 1;
  const crashes = (suspicion ?? 0) + (isAlone ? 1 : 0);
  if (!isAlone || crashes < crashLimit) return { transition: toPendingAgain(), suspicion: crashes, error };
  return {
    transition: toDead({ attempts, reason: "crash_loop" }),
    // Whoever brings it back gives it the whole limit again, but no neighbours.
    suspicion: 0,
    error: `${error} ${crashes === 1 ? "once" : `${crashes} times in a row`} while it ran alone`,
  };
}

/** A worker that may claim, as far as it matters to a suspect. */
export interface Candidate {
  id: string;
  /** How many jobs it holds. */
  held: number;
}

/**
 * Whether this worker must become empty for a suspect that is next in the order: the one that holds least does, and the
 * others pass the suspect over. It claims nothing until its jobs have ended, so it stays the one that holds least; and no
 * more than one worker at a time stands half idle for a suspect.
 * @param others the running workers besides it that serve the suspect's queue
 */
export function mustMakeRoom(worker: Candidate, others: readonly Candidate[]): boolean {
  return others.every(({ id, held }) => held > worker.held || (held === worker.held && id > worker.id));
}
