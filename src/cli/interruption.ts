/** The signals by which people and systems end a command. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Takes these signals as a wish to end, until it is disposed of; without it they would end the process where it stands. */
export function listenForSignals(): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const onSignal = () => controller.abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
