import xterm from "@xterm/headless";

/** What one cell shows. */
export interface Cell {
  text: string;
  /** 2 for a wide character, and 0 for the empty cell behind it. */
  width: number;
  /** Of the 16 colours of a terminal, 0 to 15; null for the terminal's own. */
  colour: number | null;
  isBold: boolean;
}

/** Long enough for whatever a session of a document prints. */
const SCROLLBACK = 10_000;

/** What a terminal shows that got this text, row by row from the first; empty rows at the end are left out. */
export async function readScreen(
  text: string,
  { columns, rows }: { columns: number; rows: number },
): Promise<Cell[][]> {
  const terminal = await display(text, columns, rows);
  const buffer = terminal.buffer.active;
  const screen = Array.from({ length: buffer.length }, (_, y) => {
    const line = buffer.getLine(y);
    return Array.from({ length: columns }, (_, x) => readCell(line?.getCell(x)));
  });
  terminal.dispose();
  const last = screen.findLastIndex((row) => row.some((cell) => cell.text.trim() !== ""));
  return screen.slice(0, last + 1);
}

/** The same as lines of text: one that was too long for a row is whole again. */
export async function readLines(text: string, columns: number): Promise<string[]> {
  const terminal = await display(text, columns, 24);
  const buffer = terminal.buffer.active;
  const lines: string[] = [];
  for (let y = 0; y < buffer.length; y++) {
    const row = buffer.getLine(y);
    if (row?.isWrapped) lines.push((lines.pop() ?? "") + row.translateToString(true));
    else lines.push(row?.translateToString(true) ?? "");
  }
  terminal.dispose();
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}

async function display(text: string, columns: number, rows: number): Promise<xterm.Terminal> {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: SCROLLBACK,
    convertEol: true,
    allowProposedApi: true,
  });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  return terminal;
}

type BufferCell = ReturnType<NonNullable<ReturnType<xterm.IBuffer["getLine"]>>["getCell"]>;

function readCell(cell: BufferCell): Cell {
  if (!cell) return { text: " ", width: 1, colour: null, isBold: false };
  const width = cell.getWidth();
  const text = width === 0 ? "" : cell.getChars() || " ";
  return { text, width, colour: cell.isFgPalette() ? cell.getFgColor() : null, isBold: cell.isBold() !== 0 };
}
