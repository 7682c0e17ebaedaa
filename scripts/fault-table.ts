import type { Reporter, TestModule } from "vitest/node";
// Adds the row to the meta data of a test.
import type {} from "../tests/faults/support/fault.ts";

/** Ends a run of the fault suite with its table: row, result, target, what was seen. */
export class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules
      .flatMap((module) => [...module.children.allTests()])
      .flatMap((test) => {
        const { fault } = test.meta();
        return fault ? [{ ...fault, state: test.result().state }] : [];
      })
      .sort((a, b) => a.row.localeCompare(b.row, "en", { numeric: true }));
    if (rows.length === 0) return;
    const lines = rows.map(
      ({ row, state, target, figures, seed }) =>
        `| ${[row, state, target, figures.join("; "), seed].join(" | ")} |`,
    );
    process.stdout.write(
      `\nAt scale ${rows[0]?.scale}:\n| row | result | full target | seen | seed |\n|---|---|---|---|---|\n${lines.join("\n")}\n`,
    );
  }
}
