import { toKeyJson } from "../../queue/key-json.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { keyFacts, keyTable } from "../render/key.ts";
import { painter } from "../render/style.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  await using store = await openForReading(invocation, io);
  const keys = await store.listKeys();
  const now = Date.now();
  if (options.has("json"))
    writeJson(
      io,
      keys.map((key) => toKeyJson(key, now)),
    );
  else if (!io.stdout.isTerminal)
    io.stdout.write(keys.map((key) => `${keyFacts(key).join("\t")}\n`).join(""));
  else if (keys.length === 0) io.stdout.write("There are no keys.\n");
  else io.stdout.write(keyTable(keys, { now, width: io.stdout.columns, paint: painter(io, options) }));
  return DONE;
}
