import { QueuectlError } from "../domain/errors.ts";
import type { NewGroup } from "../domain/group.ts";
import type { PlacedInput } from "../queue/enqueue.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import type { LineCount } from "./read-lines.ts";
import { usage } from "./usage.ts";

/** What is to be enqueued, and how it was said: the answer has the same shape. */
export type Source = ListSource | StreamSource | ArraySource;

export interface ListSource {
  /** `one` for a job that was given alone. */
  kind: "one" | "list";
  inputs: PlacedInput[];
}

export interface StreamSource {
  kind: "stream";
  inputs: AsyncIterable<PlacedInput>;
  lines: LineCount;
}

/** Jobs that are made of one, with the group that they are. */
export interface ArraySource {
  kind: "array";
  group: NewGroup;
  inputs: PlacedInput[] | AsyncIterable<PlacedInput>;
  /** What can be checked before they are read: all of them, or the one of which they are made. */
  checkable: PlacedInput[];
  /** Of those that are made of lines. */
  lines: LineCount | null;
}

/** What the words of an `enqueue` say, without its flags. */
export async function readSource(invocation: Invocation, io: Io): Promise<ListSource | StreamSource> {
  const { args, rest, options } = invocation;
  const given = [rest !== null, options.has("command"), options.has("file"), args.length > 0].filter(
    Boolean,
  ).length;
  if (given === 0)
    throw usage("There is nothing to enqueue", 'Give a command: queuectl enqueue "echo hello"');
  if (given > 1)
    throw usage(
      "The job was given in more than one way",
      "Give one of: JSON or text, --command, --file, or words after --.",
    );
  if (rest !== null) return fromArgv(rest);
  if (options.has("command")) return one({ command: options.text("command") });
  const file = options.text("file") ?? (args.length === 1 && args[0] === "-" ? "-" : undefined);
  if (file !== undefined)
    return await (await import("./read-jobs-file.ts")).readJobsFile(file, io, options.has("quiet"));
  return await fromWords(args);
}

function fromArgv(rest: readonly string[]): ListSource {
  if (rest.length === 0)
    throw usage("There is no command after --", "Write it like this: queuectl enqueue -- echo hello");
  return one({ argv: [...rest] });
}

async function fromWords(words: readonly string[]): Promise<ListSource> {
  const [text = "", ...more] = words;
  if (more.length > 0) throw (await import("./refuse-words.ts")).refuseSeveral(words);
  if (!/^\s*[{[]/.test(text)) return one({ command: text });
  const value = await parseJson(text);
  return Array.isArray(value) ? fromList(value) : one(value);
}

function fromList(values: readonly unknown[]): ListSource {
  if (values.length === 0)
    throw new QueuectlError("invalid_job", "The list of jobs is empty", { hint: "Give at least one job." });
  return { kind: "list", inputs: values.map((input, index) => ({ input, place: `Entry ${index + 1}` })) };
}

function one(input: unknown): ListSource {
  return { kind: "one", inputs: [{ input, place: "" }] };
}

async function parseJson(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw (await import("./refuse-words.ts")).refuseJson(text, cause);
  }
}
