import { existsSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { QueuectlError } from "../../domain/errors.ts";
import { otherStore } from "../../domain/refusal.ts";
import { monotonicMs } from "../machine.ts";

/** The path of a database that is in no file. */
export const IN_MEMORY = ":memory:";

/**
 * One connection to the file. Design note:
 *
 * `node:sqlite` is synchronous, so waiting for a lock inside it blocks the event loop that must also end jobs whose
 * time is up. A single attempt therefore waits 50 ms at most; between attempts the loop is free. Transactions begin
 * IMMEDIATE: a deferred one that turns from reading to writing fails at once under contention, whatever the timeout.
 */
export class Database {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #patienceMs: number;
  readonly #file: FileIdentity;
  readonly #statements = new Map<string, StatementSync>();

  /** @param patienceMs how long a method tries before it throws `store_locked` */
  constructor(path: string, options: { patienceMs: number; readOnly: boolean }) {
    this.path = path;
    this.#patienceMs = options.patienceMs;
    this.#db = translating(
      path,
      () =>
        new DatabaseSync(locate(path, options.readOnly), { timeout: ATTEMPT_MS, readOnly: options.readOnly }),
    );
    this.#file = path === IN_MEMORY ? { dev: 0, ino: 0 } : statSync(path);
    openHere.add(this);
    try {
      // The first to read the file.
      this.#db.exec(
        `PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = ${WAL_KEPT_BYTES};`,
      );
    } catch (error) {
      this.close();
      throw translate(path, error);
    }
  }

  /** A connection, as patiently as its methods: the last to close the file keeps everyone out until it is done. */
  static async open(path: string, options: { patienceMs: number; readOnly: boolean }): Promise<Database> {
    return await patiently(path, options.patienceMs, () => new Database(path, options));
  }

  /** A prepared statement, kept: preparing costs several times what running does. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** Runs a migration, which may do what SQLite else forbids: change the text of a table's schema. */
  migrating(work: () => void): void {
    // Node knows it since 24.12; before, SQLite was not told to be so careful.
    this.#db.enableDefensive?.(false);
    try {
      work();
    } finally {
      this.#db.enableDefensive?.(true);
    }
  }

  /**
   * Runs `work` in one durable transaction; all of it or nothing. `work` must not wait for anything.
   * @throws store_removed when the path no longer leads to the file that is open: what is written there is lost
   */
  write<T>(work: () => T): Promise<T> {
    return this.#inTransaction("BEGIN IMMEDIATE", () => {
      this.#verifyFile();
      return work();
    });
  }

  /** The same for work on temporary tables alone: it takes no lock, so it waits for nobody and nobody for it. */
  writeTemporary<T>(work: () => T): Promise<T> {
    return this.#inTransaction("BEGIN", work);
  }

  #inTransaction<T>(begin: string, work: () => T): Promise<T> {
    return patiently(this.path, this.#patienceMs, () => {
      // Kept prepared, as the rest of a claim is: to read these two words anew is felt in it.
      this.prepare(begin).run();
      try {
        const result = work();
        this.prepare("COMMIT").run();
        return result;
      } catch (error) {
        // A full disk or an I/O error may have rolled back already; a second ROLLBACK would hide the first fault.
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** Runs `work`, which only reads. */
  read<T>(work: () => T): Promise<T> {
    return patiently(this.path, this.#patienceMs, work);
  }

  /** True when this connection is to that very file, whatever its path. */
  isOn(file: FileIdentity): boolean {
    return this.#db.isOpen && file.ino === this.#file.ino && file.dev === this.#file.dev;
  }

  #verifyFile(): void {
    const now = this.path === IN_MEMORY ? this.#file : statSync(this.path, { throwIfNoEntry: false });
    if (now && this.isOn(now)) return;
    throw new QueuectlError(
      "store_removed",
      `The database ${this.path} was removed or replaced while it was in use`,
      {
        hint: "Whatever is written now would be lost. Put the file back, or start the workers again on the new one.",
      },
    );
  }

  close(): void {
    openHere.delete(this);
    if (this.#db.isOpen) this.#db.close();
  }
}

/** Tries again while another program holds the file. @throws store_locked when the patience is over */
async function patiently<T>(path: string, patienceMs: number, attempt: () => T): Promise<T> {
  // Not `performance.now()`: that global loads a module of its own, 1.5 ms of an enqueue.
  const giveUpAt = monotonicMs() + patienceMs;
  const fewest = patienceMs / LONGEST_ROUND_MS;
  for (let attempts = 1; ; attempts++) {
    try {
      return attempt();
    } catch (error) {
      const isOver = monotonicMs() >= giveUpAt && attempts >= fewest;
      if (!isBusy(error) || isOver) throw translate(path, error);
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
}

interface FileIdentity {
  dev: number;
  ino: number;
}

const openHere = new Set<Database>();

/**
 * True when this process has the file open as a database already. Nobody here may then open and close it by other means:
 * POSIX drops all locks of a process on a file when the process closes any descriptor of it, and another program would
 * take the store for unused and delete its WAL (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function isOpenHere(file: FileIdentity): boolean {
  return [...openHere].some((database) => database.isOn(file));
}

/**
 * Where nothing can be written and no WAL stands beside the file, nobody can be writing: SQLite is told so, since it would
 * else want to create its side files to read a closed WAL database.
 */
function locate(path: string, readOnly: boolean): string | URL {
  if (!readOnly || existsSync(`${path}-wal`)) return path;
  const url = pathToFileURL(path);
  url.search = "?immutable=1";
  return url;
}

const ATTEMPT_MS = 50;

/**
 * An attempt and the pause after it, generously. Where fifty programs share two cores, most of one's patience goes by
 * without a turn at the processor: that a lock is held is known only after as many attempts as a free machine makes.
 */
const LONGEST_ROUND_MS = 100;

/**
 * A reader that stays makes the WAL grow, and by itself SQLite never makes it smaller while anyone has it open. So much is
 * kept when it is next begun anew: enough for any batch of claims, which then need not allocate.
 */
const WAL_KEPT_BYTES = 16 * 1_048_576;

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_NOTADB = 26;

/** True for a fault of an INSERT that meets an id which exists. */
export function isUniqueViolation(error: unknown): boolean {
  return resultCode(error) === SQLITE_CONSTRAINT_UNIQUE;
}

function isBusy(error: unknown): boolean {
  if (error instanceof QueuectlError) return error.code === "store_locked";
  const code = primaryCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

function primaryCode(error: unknown): number {
  return resultCode(error) & 0xff;
}

function resultCode(error: unknown): number {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode
    : 0;
}

function translating<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(path, error);
  }
}

/** SQLite's result codes in queuectl's words; faults that are not SQLite's pass unchanged. */
function translate(path: string, error: unknown): unknown {
  if (error instanceof QueuectlError) return error;
  switch (primaryCode(error)) {
    case 0:
      return error;
    case SQLITE_ERROR:
      return SCHEMA_FAULT.test(String(error)) ? corrupt(path, error) : refused(path, error);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new QueuectlError("store_locked", `The database ${path} is locked by another program`, {
        hint: `Try again: a queuectl command that adds or changes very many jobs may hold it for seconds. If it stays locked, find who holds it: fuser -v ${path}`,
        cause: error,
      });
    case SQLITE_FULL:
      return new QueuectlError("store_full", `The disk of the database ${path} is full`, {
        hint: "Nothing was changed. Make room and try again.",
        cause: error,
      });
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(path, error);
    case SQLITE_READONLY:
      return new QueuectlError("store_read_only", `The database ${path} cannot be written`, {
        ...otherStore("Check the permissions of the file and its directory, or name another store"),
        cause: error,
      });
    case SQLITE_CANTOPEN:
      return new QueuectlError("store_unreachable", `Cannot open the database ${path}`, {
        ...otherStore(
          "Check that its directory exists and that you may read and write there, or name another store",
        ),
        cause: error,
      });
    case SQLITE_IOERR:
      return new QueuectlError("store_failed", `Reading or writing the database ${path} failed`, {
        hint: "Nothing was changed. Check the disk: dmesg, df.",
        cause: error,
      });
    default:
      return refused(path, error);
  }
}

/** Our statements fit our schema: where one does not, a byte of the schema is not what it was. */
const SCHEMA_FAULT = /no such (table|column)|has no column named|ON CONFLICT clause|malformed/;

function refused(path: string, cause: unknown): QueuectlError {
  const why = cause instanceof Error ? cause.message : cause;
  return new QueuectlError("store_failed", `The database ${path} refused: ${why}`, { cause });
}

/** The refusal of a file that SQLite cannot make sense of. It is never recreated: what is in it may be rescued. */
export function corrupt(path: string, cause?: unknown): QueuectlError {
  return new QueuectlError("store_corrupt", `The database ${path} is damaged`, {
    hint:
      "It is left as it is. Stop the workers, move it away together with its -wal and -shm files, and put a backup in its " +
      `place: a copy that was made while nothing had it open. Without one, part of it may be read: sqlite3 ${path} .recover`,
    cause,
  });
}
