import type { Job } from "./job.ts";

/** True for a job that was to be started by an instant that has come, and never was. */
export function isExpired(
  { expiresAt, executions, state }: Pick<Job, "expiresAt" | "executions" | "state">,
  now: number,
): boolean {
  const isWaiting = state === "pending" || state === "blocked";
  return isWaiting && executions === 0 && expiresAt !== null && expiresAt <= now;
}

/** One line for people about a job that has expired. */
export function describeExpiry(expiresAt: number): string {
  return `not started before ${new Date(expiresAt).toISOString()}`;
}
