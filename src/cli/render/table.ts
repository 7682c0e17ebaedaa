import { textWidth, truncate } from "./text-width.ts";

export interface Column {
  title: string;
  /** The one that gives way when the terminal is narrow. */
  isFlexible?: boolean;
  /** No other is left out to make room for more of it than so much. */
  worth?: number;
  /** It is left out when the terminal is too narrow for all: those that say nothing first, then the greatest of these. */
  sparable?: number;
}

export interface Cell {
  text: string;
  /** Applied after the width is known, so that colours do not count. */
  paint?: (text: string) => string;
}

/** What a screen holds; a pipe gets all. */
export const MOST_ON_TERMINAL = 50;

const GAP = "  ";
const NARROWEST = 8;

/**
 * Aligned columns, no line wider than `width`: sparable columns are left out until the others have room, flexible ones are
 * cut with an ellipsis, then the widest.
 */
export function renderTable(
  allColumns: readonly Column[],
  allRows: readonly (readonly Cell[])[],
  width: number,
): string {
  const kept = keptColumns(allColumns, allRows, width);
  const [columns, ...rows] = [allColumns, ...allRows].map((cells) =>
    cells.filter((_, index) => kept.includes(index)),
  ) as [Column[], ...Cell[][]];
  const widths = fitColumns(columns, rows, width);
  const header = columns.map(({ title }) => ({ text: title }));
  return [header, ...rows].map((row) => `${renderRow(row, widths)}\n`).join("");
}

/** Which there is room for, as numbers from 0. */
function keptColumns(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): number[] {
  const widths = naturalWidths(columns, rows);
  const isEmpty = (index: number) => rows.every((row) => ["", "-", "0"].includes(row[index]?.text ?? ""));
  const order = [...columns.keys()]
    .filter((index) => columns[index]?.sparable !== undefined)
    .sort(
      (a, b) =>
        Number(isEmpty(b)) - Number(isEmpty(a)) || (columns[b]?.sparable ?? 0) - (columns[a]?.sparable ?? 0),
    );
  const kept = new Set(columns.keys());
  const narrowest = (index: number) => {
    const { isFlexible, worth = Number.POSITIVE_INFINITY } = columns[index] ?? {};
    return Math.min(widths[index] ?? 0, isFlexible ? NARROWEST : worth);
  };
  for (const index of order) {
    if (lineWidth([...kept].map(narrowest)) <= width) break;
    kept.delete(index);
  }
  return [...kept];
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  return columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, textWidth(row[index]?.text ?? "")), textWidth(title)),
  );
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
}

function fitColumns(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = naturalWidths(columns, rows);
  let excess = lineWidth(widths) - width;
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
