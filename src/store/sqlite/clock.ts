import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** The clock that leases are judged by. It is handed in, so that a test can turn it. */
export interface Clock {
  /** Of this boot of this machine. */
  bootId: string;
  /** CLOCK_MONOTONIC: the same for all processes of one boot, and never stepped. */
  monotonicMs(): number;
}

/** This machine's clock. Where the kernel gives no boot id, the host's name stands in: leases then live through a reboot. */
export function systemClock(): Clock {
  return { bootId: readBootId(), monotonicMs: () => Number(process.hrtime.bigint() / 1_000_000n) };
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return hostname();
  }
}
