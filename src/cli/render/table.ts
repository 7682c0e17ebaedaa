import { textWidth, truncate } from "./text-width.ts";

export interface Column {
  title: string;
  /** The one that gives way when the terminal is narrow. */
  isFlexible?: boolean;
}

export interface Cell {
  text: string;
  /** Applied after the width is known, so that colours do not count. */
  paint?: (text: string) => string;
}

const GAP = "  ";
const NARROWEST = 8;

/** Aligned columns, no line wider than `width`: flexible columns are cut with an ellipsis, then the widest ones. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string {
  const widths = fitColumns(columns, rows, width);
  const header = columns.map(({ title }) => ({ text: title }));
  return [header, ...rows].map((row) => `${renderRow(row, widths)}\n`).join("");
}

function fitColumns(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(row[index]?.text ?? ""))),
  );
  let excess = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length) - width;
  for (const index of columns.map((column, i) => (column.isFlexible ? i : -1)).filter((i) => i >= 0)) {
    const cut = Math.max(0, Math.min(excess, (widths[index] ?? 0) - NARROWEST));
    widths[index] = (widths[index] ?? 0) - cut;
    excess -= cut;
  }
  for (; excess > 0 && Math.max(...widths) > 1; excess -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function renderRow(cells: readonly Cell[], widths: readonly number[]): string {
  return cells
    .map(({ text, paint }, index) => {
      const width = widths[index] ?? 0;
      const cut = truncate(text, width);
      const isLast = index === cells.length - 1;
      return (paint ? paint(cut) : cut) + (isLast ? "" : " ".repeat(width - textWidth(cut)));
    })
    .join(GAP)
    .trimEnd();
}
