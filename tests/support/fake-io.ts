import type { Io, OutputPort } from "../../src/cli/io.ts";

/** What a command wrote to one of its ports. */
export interface FakePort extends OutputPort {
  readonly text: string;
}

export interface FakeIo extends Io {
  readonly stdout: FakePort;
  readonly stderr: FakePort;
}

/** An io without a world: what is written is kept, what is read was given. */
export function fakeIo(
  given: {
    env?: Record<string, string | undefined>;
    cwd?: string;
    canAsk?: boolean;
    stdin?: readonly Uint8Array[];
    /** Standard output is a terminal of this width. */
    columns?: number;
    /** Called with each write to standard output, before it is kept. */
    onWrite?: () => void;
  } = {},
): FakeIo {
  return {
    env: given.env ?? {},
    cwd: given.cwd ?? "/",
    canAsk: given.canAsk ?? false,
    stdout: fakePort(given.columns, given.onWrite),
    stderr: fakePort(given.columns),
    stdin: async function* () {
      for (const bytes of given.stdin ?? []) yield Buffer.from(bytes);
    },
  };
}

function fakePort(columns: number | undefined, onWrite: () => void = () => {}): FakePort {
  const written: Buffer[] = [];
  const write = (text: string | Uint8Array) => {
    onWrite();
    written.push(Buffer.from(text as string));
  };
  return {
    get text() {
      return Buffer.concat(written).toString("utf8");
    },
    isTerminal: columns !== undefined,
    columns: columns ?? 80,
    write,
    post: write,
    flush: async () => {},
  };
}
