import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createHome, locateStore, readConfigFile, type StoreLocation } from "../config/home.ts";
import {
  type ResolvedSetting,
  resolveSetting,
  resolveSettings,
  type SettingSources,
} from "../config/resolve.ts";
import { SETTINGS, type SettingKey, type SettingValue } from "../config/settings.ts";
import { openEmptyStore, openStore, storeExists } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";

/** Where this command line's store is. */
export function storeLocation(invocation: Invocation, io: Io): StoreLocation {
  return locateStore(invocation.options.text("db"), io.env);
}

/**
 * A store for the length of a verb: `await using`. Closing is not tidiness: the last connection to close folds the WAL
 * into the database, and without it the WAL of a store that is only enqueued to would grow for ever.
 */
export type OpenedStore = Store & AsyncDisposable;

/** The store, for a verb that writes: created when there is none. Only the home is made for it, never another directory. */
export async function openForWriting(invocation: Invocation, io: Io): Promise<OpenedStore> {
  const { path, origin } = storeLocation(invocation, io);
  if (origin === "default") createHome(io.env);
  return disposable(await openStore(path));
}

/**
 * The store, for a verb that reads. Where there is none, an empty one, with a word about it, and nothing is created.
 * @throws what `openStore` throws, also where no enqueue could create it
 */
export async function openForReading(invocation: Invocation, io: Io): Promise<OpenedStore> {
  const { path, origin } = storeLocation(invocation, io);
  const canBeCreated = origin === "default" || existsSync(dirname(path));
  if (storeExists(path) || !canBeCreated) return disposable(await openStore(path, { access: "read" }));
  if (!invocation.options.has("quiet") && !isOnlyAnError(invocation))
    io.stderr.write(`No database at ${path} yet; the first enqueue creates it.\n`);
  return disposable(await openEmptyStore());
}

/** A program that asked for a job, in JSON, gets nothing on stderr but the error that there is none. */
function isOnlyAnError({ args, options }: Invocation): boolean {
  return options.has("json") && args.length > 0;
}

function disposable(store: Store): OpenedStore {
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

/** All settings as they hold for this command line. */
export async function readAllSettings(
  store: Store,
  invocation: Invocation,
  io: Io,
): Promise<ResolvedSetting[]> {
  return resolveSettings({ ...givenSettings(invocation, io), store: await store.readSettings() });
}

/** One setting's value, in inner units. */
export async function readSetting(
  store: Store,
  key: SettingKey,
  invocation: Invocation,
  io: Io,
): Promise<SettingValue> {
  return resolveSetting(key, { ...givenSettings(invocation, io), store: await store.readSettings() }).value;
}

/** What is given outside the store: by flags, in the environment, in the home's file. Does not change while a command runs. */
export function givenSettings({ options, command }: Invocation, io: Io): Omit<SettingSources, "store"> {
  // `enqueue` has flags of the same names, which are fields of its job.
  const flags = SETTINGS.filter(({ flagOf }) => flagOf === command.path[0]);
  return {
    flags: Object.fromEntries(flags.map(({ key }) => [key, options.text(key)])),
    env: io.env,
    file: readConfigFile(io.env),
  };
}
