import { QueuectlError } from "../domain/errors.ts";
import { suggest } from "../domain/suggest.ts";
import type { KeyRecord, Store } from "../store/store.ts";

/**
 * Gives a key another limit, for the jobs that it has and those that come; null takes it away. Raising it lets go on what
 * waits; lowering it ends nothing.
 * @returns the key as it is now
 * @throws key_not_found naming what might have been meant: a key without jobs has no limit that could be kept
 */
export async function setKey(store: Store, name: string, limit: number | null): Promise<KeyRecord> {
  const isKnown = await store.changeKey(name, limit);
  const [key] = isKnown ? await store.listKeys([name]) : [];
  if (key !== undefined) return key;
  const near = suggest(
    name,
    (await store.listKeys()).map(({ gate }) => gate.name),
  );
  throw new QueuectlError("key_not_found", `There is no key ${JSON.stringify(name)}`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.join(" or ")}?`
        : "All keys: queuectl key list. A new one is made by its first job: queuectl enqueue --key NAME --key-limit N",
  });
}
