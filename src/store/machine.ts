import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

let bootId: string | undefined;

/**
 * Names this boot of this machine: leases and process ids mean something within it only. Linux and macOS tell; elsewhere
 * the host's name stands in, and a lease may then outlive a reboot.
 */
export function readBootId(): string {
  bootId ??= process.platform === "darwin" ? readDarwin() : readLinux();
  return bootId;
}

function readLinux(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return hostname();
  }
}

function readDarwin(): string {
  try {
    return execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
  } catch {
    return hostname();
  }
}

/** CLOCK_MONOTONIC in milliseconds: the same for all processes of one boot, and never stepped. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
