/** The longest delay setTimeout knows; beyond it, it fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Calls back after a delay of any length. Returns a function that calls it off. */
export function after(delayMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    timer = setTimeout(
      () => (leftMs > LONGEST_MS ? arm(leftMs - LONGEST_MS) : callback()),
      Math.min(leftMs, LONGEST_MS),
    );
  };
  arm(Math.max(0, delayMs));
  return () => clearTimeout(timer);
}

/** Resolves after a delay. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    after(delayMs, resolve);
  });
}
