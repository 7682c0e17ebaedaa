import { monotonicMs, readBootId } from "../machine.ts";

/** The clock that leases are judged by. It is handed in, so that a test can turn it. */
export interface Clock {
  /** Of this boot of this machine. */
  bootId: string;
  /** CLOCK_MONOTONIC: the same for all processes of one boot, and never stepped. */
  monotonicMs(): number;
}

/** This machine's clock. */
export function systemClock(): Clock {
  return { bootId: readBootId(), monotonicMs };
}
