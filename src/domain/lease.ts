/**
 * Who a worker process is. A pid alone is reused; pid and start time are not, within one boot of one machine and
 * one pid namespace (two containers over one volume share the boot id, but see each other's pids as absent).
 */
export interface WorkerIdentity {
  pid: number;
  /** The kernel's start time of the process, in its own unit; null where the platform does not tell. */
  startTime: string | null;
  bootId: string;
  /** The pid namespace; null where the platform has none. */
  pidNamespace: string | null;
}

/** What the store says of a worker's lease: it holds, it ran out, or it was given before the last reboot. */
export type LeaseState = "held" | "expired" | "before_reboot";

/** What the machine says of a worker's process; `unknown` from another namespace or machine. */
export type ProcessState = "alive" | "gone" | "unknown";

/** Ends on the monotonic clock of one boot: the wall clock may step without moving it. */
export interface Lease {
  bootId: string;
  deadlineMs: number;
}

/** The reading of a lease on a clock of this boot. */
export function leaseState(lease: Lease, clock: { bootId: string; monotonicMs: number }): LeaseState {
  if (lease.bootId !== clock.bootId) return "before_reboot";
  return clock.monotonicMs < lease.deadlineMs ? "held" : "expired";
}

/** True when a look at the process table says something about this worker. */
export function canSeeProcess(worker: WorkerIdentity, observer: WorkerIdentity): boolean {
  return worker.bootId === observer.bootId && worker.pidNamespace === observer.pidNamespace;
}

/**
 * Whether a worker is dead, so that its jobs may be taken.
 * @param trustLeases false until the observer's own heartbeats have succeeded for one whole lease: after a long lock
 *   of the store, the first to get through would else see everyone as silent and take over the living.
 */
export function isWorkerDead(
  seen: { lease: LeaseState; process: ProcessState },
  trustLeases: boolean,
): boolean {
  if (seen.process === "gone" || seen.lease === "before_reboot") return true;
  return seen.lease === "expired" && trustLeases;
}

/** A row that is silent for longer looks dead to people, whatever the lease. */
const LONGEST_SILENCE_MS = 60_000;

/** Heartbeats come three times a lease, or oftener: two may fail before anyone else acts. */
export function heartbeatEveryMs(leaseMs: number): number {
  return Math.min(LONGEST_SILENCE_MS, Math.max(1, Math.floor(leaseMs / 3)));
}
