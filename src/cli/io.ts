/** What a command may touch of the world outside: handed in, so that a command runs twice in one test. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputPort;
  readonly stderr: OutputPort;
  /** True when a person is at the other end of stdin and stderr, who can answer a question. */
  readonly canAsk: boolean;
  /** The whole of standard input, piece by piece. */
  stdin(): AsyncIterable<Buffer>;
}

export interface OutputPort {
  readonly isTerminal: boolean;
  /** Width of the terminal in columns; 80 where there is none. */
  readonly columns: number;
  /** Writes all of it before it returns. @throws ClosedPipe when nobody reads any more */
  write(text: string | Uint8Array): void;
  /**
   * Writes when the reader is ready and never waits for it: for a worker's lines, which must not hold up its jobs.
   * What nobody reads is lost.
   */
  post(text: string): void;
  /** Resolves when what was posted is written, or lost. */
  flush(): Promise<void>;
}

/** The reader went away (`| head`): a reason to end quietly, not an error. */
export class ClosedPipe extends Error {}
