import { type ErrorDetails, QueuectlError } from "./errors.ts";
import { otherStore } from "./refusal.ts";

/** A directory as the system describes it. */
interface DirectoryFacts {
  uid: number;
  mode: number;
  isDirectory(): boolean;
}

/**
 * A directory that queuectl writes to must be its user's alone to change: others could put a link or a job where it
 * expects a file of its own. Root may use what a user owns, with `sudo` or on a volume that was mounted for it.
 * @param user who writes; undefined where the system has no such numbers
 * @throws store_unreachable when it is no directory, somebody else's, or writable for a group or for all
 */
export function requireOwnDirectory(path: string, facts: DirectoryFacts, user: number | undefined): void {
  if (user === undefined) return;
  const { uid, mode } = facts;
  const refuse = (why: string, details: ErrorDetails): never => {
    throw new QueuectlError("store_unreachable", `${path} ${why}`, details);
  };
  if (!facts.isDirectory())
    refuse("is not a directory", otherStore("Move it away, or name a store elsewhere"));
  if (uid !== user && user !== 0)
    refuse(
      "belongs to another user",
      otherStore(`As root: chown ${user} '${path}'. Or name a store elsewhere`),
    );
  if ((mode & 0o022) !== 0) refuse("can be written by others", { hint: `Run: chmod go-w '${path}'` });
}
