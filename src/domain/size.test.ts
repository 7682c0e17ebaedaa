import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSize, parseSizeBytes } from "./size.ts";

describe("reading a size", () => {
  test.each([
    ["0", 0],
    ["512", 512],
    ["512B", 512],
    ["1KB", 1_000],
    ["512KiB", 524_288],
    ["10MiB", 10_485_760],
    ["1GB", 1_000_000_000],
    ["1TB", 1_000_000_000_000],
    ["2TiB", 2_199_023_255_552],
    ["1.5 MiB", 1_572_864],
    [" 10mib ", 10_485_760],
  ])("%j is %d bytes", (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  test.each(["", "B", "KiB", "-1", "+1", "1iB", "1K", "10M", "1PB", "1e3", "1 2", "1,5MB", "9".repeat(400)])(
    "%j is none",
    (text) => {
      expect(parseSizeBytes(text)).toBeUndefined();
    },
  );

  test("gives back any number of bytes", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseSizeBytes(String(bytes))).toBe(bytes);
      }),
    );
  });
});

describe("writing a size", () => {
  test.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1 KiB"],
    [1_536, "1.5 KiB"],
    [10_485_760, "10 MiB"],
    [1_048_575, "1023.9 KiB"],
    [1_073_741_824, "1 GiB"],
    [5_497_558_138_880, "5 TiB"],
    [5_629_499_534_213_120, "5120 TiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test("can be read again, as a size that is a tenth of a unit smaller at most", () => {
    const units = [1_024, 1_024 ** 2, 1_024 ** 3, 1_024 ** 4];
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (bytes) => {
        const again = parseSizeBytes(formatSize(bytes)) ?? Number.NaN;
        const unit = units.findLast((size) => size <= bytes) ?? 0;
        expect(bytes - again).toBeGreaterThanOrEqual(-1);
        expect(bytes - again).toBeLessThanOrEqual(unit / 10 + 1);
      }),
    );
  });
});
