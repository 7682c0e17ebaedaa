import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import type { Flow } from "../domain/flow.ts";
import type { FlowContext } from "../queue/flow/check-job.ts";
import { MAX_FLOW_BYTES } from "../queue/flow/fields.ts";
import { parseFlow, refuseTooLarge } from "../queue/flow/parse-flow.ts";
import type { Io } from "./io.ts";
import { decodeText, readable } from "./read-lines.ts";

const NAME_ONE = "Name a file with a flow in YAML or JSON.";

/**
 * Reads a flow from a file, or from standard input for `-`.
 * @throws invalid_file when it cannot be read, invalid_flow with all that is wrong with it
 */
export async function readFlowFile(path: string, io: Io, context: FlowContext): Promise<Flow> {
  if (path === "")
    throw new QueuectlError("invalid_file", "The name of the flow's file is empty", { hint: NAME_ONE });
  const name = path === "-" ? "standard input" : path;
  const bytes = await readBounded(path === "-" ? io.stdin() : createReadStream(resolve(io.cwd, path)), name);
  return await parseFlow(decodeText(bytes, name, "invalid_flow"), name, context);
}

async function readBounded(chunks: AsyncIterable<Buffer>, name: string): Promise<Buffer> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const chunk of readable(chunks, name, NAME_ONE)) {
    size += chunk.length;
    if (size > MAX_FLOW_BYTES) throw refuseTooLarge(name);
    read.push(chunk);
  }
  return Buffer.concat(read);
}
