import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { type ErrorDetails, QueuectlError } from "../../domain/errors.ts";
import { otherStore } from "../../domain/refusal.ts";
import { hasDataDirectory } from "../data-files.ts";
import { monotonicMs } from "../machine.ts";
import { corrupt, Database, isOpenHere } from "./database.ts";
import { APPLICATION_ID, migrate } from "./migrate.ts";

/** How the file is to be opened. */
export interface OpenOptions {
  /** How long a method waits for another program's lock before it gives up. */
  patienceMs: number;
  /** `write` creates the file when there is none; `read` wants one that exists. */
  access: "read" | "write";
}

/** True when there is something at the path: a verb that only reads has nothing to open otherwise. */
export function storeExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Opens the database file, after a look at its first bytes: a file that is not ours is refused before SQLite could
 * touch it. Our `application_id` is in the file's header from the first commit on (`migrate` sees to that).
 */
export async function openDatabase(path: string, options: OpenOptions): Promise<Database> {
  refuseDirectory(path);
  refuseNetworkFilesystem(path);
  const file = statSync(path, { throwIfNoEntry: false });
  if (file?.size === 0 && hasDataDirectory(path) && !(await isBeingMade(path))) throw emptied(path);
  if (!file || !isOpenHere(file)) refuseForeignFile(path, openHeader(path, options.access));
  const readOnly = options.access === "read" && !isWritable(path);
  const database = await Database.open(path, { patienceMs: options.patienceMs, readOnly });
  try {
    await migrate(database, { readOnly });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A store that is being made is empty for a moment. */
const MAKING_MS = 2_000;

async function isBeingMade(path: string): Promise<boolean> {
  const giveUpAtMs = monotonicMs() + MAKING_MS;
  while (monotonicMs() < giveUpAtMs) {
    if (statSync(path, { throwIfNoEntry: false })?.size !== 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** An empty file is a new store; but not where an old one has left its directory: a disk may have lost the content. */
function emptied(path: string): QueuectlError {
  return new QueuectlError("store_corrupt", `The database ${path} is empty, but a store has stood there`, {
    hint: `Put a backup in its place; or, to begin a new store, remove the empty file: rm ${path}`,
  });
}

function refuseDirectory(path: string): void {
  const parent = dirname(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw unreachable(
      `${path} is a directory`,
      otherStore("Name a file", `${path === "/" ? "" : path}/queue.db`),
    );
  }
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    throw unreachable(`the directory ${parent} does not exist`, { hint: `Create it: mkdir -p ${parent}` });
  }
}

// Magic numbers of statfs(2). On these, locks and shared memory between machines are not to be trusted.
const NETWORK_FILESYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x0bd00bd0, "Lustre"],
]);

function refuseNetworkFilesystem(path: string): void {
  const kind = NETWORK_FILESYSTEMS.get(statfsSync(dirname(path)).type);
  if (kind)
    throw unreachable(
      `${dirname(path)} is on a network filesystem (${kind})`,
      otherStore("SQLite needs a local disk. Name a local store"),
    );
}

const HEADER_BYTES = 100;

/** The file's first bytes; creates the file, for its owner alone, when it is to be written and is not there. */
function openHeader(path: string, access: "read" | "write"): Buffer {
  let descriptor: number;
  try {
    // SQLite gives its side files the mode of this one, so 0600 here holds for all three.
    descriptor = openSync(
      path,
      access === "write" ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY,
      0o600,
    );
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
      throw new QueuectlError(
        "store_read_only",
        `Cannot ${access} the database ${path}: ${code === "EROFS" ? "it is on a read-only disk" : "permission denied"}`,
        {
          ...otherStore("Check the permissions of the file and its directory, or name another store"),
          cause,
        },
      );
    }
    throw unreachable(`Cannot open ${path} (${code})`, { ...otherStore("Name another store"), cause });
  }
  try {
    if (!fstatSync(descriptor).isFile())
      throw unreachable(`${path} is not a file`, otherStore("Name another store"));
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(descriptor, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function refuseForeignFile(path: string, header: Buffer): void {
  if (header.length === 0) return;
  const isSqlite = header.length === HEADER_BYTES && header.toString("latin1", 0, 16) === "SQLite format 3\0";
  if (isSqlite && header.readUInt32BE(68) === APPLICATION_ID) return;
  // What queuectl keeps beside its stores tells a store with a spoilt beginning from a stranger's file.
  if (!isSqlite && hasDataDirectory(path)) throw corrupt(path);
  const what = isSqlite ? "is a database of another program" : "is no SQLite database";
  throw new QueuectlError(
    "store_foreign",
    `${path} is not a queuectl store`,
    otherStore(`It ${what} and was not touched. Name another file`),
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function unreachable(why: string, details: ErrorDetails): QueuectlError {
  return new QueuectlError("store_unreachable", `Cannot use the store: ${why}`, details);
}
