import type { Io } from "../io.ts";

/** One JSON value as the whole answer. */
export function writeJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** An array whose entries are written as they come: memory stays flat, and the answer is still one JSON value. */
export async function writeJsonArray(io: Io, values: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const value of values) {
    io.stdout.write(`${count === 0 ? "[" : ","}\n  ${JSON.stringify(value)}`);
    count += 1;
  }
  io.stdout.write(count === 0 ? "[]\n" : "\n]\n");
}
