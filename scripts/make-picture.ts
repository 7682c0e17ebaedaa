/**
 * `npm run picture`: runs the session below on a terminal, in a home that is thrown away, and draws what the terminal
 * shows as docs/images/session.svg. Nothing in the picture is made up: the commands run, the colours are theirs.
 * Needs `script` of util-linux.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cell, readScreen } from "./read-screen.ts";

const ROOT = join(import.meta.dirname, "..");
const COLUMNS = 90;
const ROWS = 40;
/** What starts a line that was typed. */
const PROMPT = "$ ";

/** What is typed, and what the story waits for before it goes on. */
const SESSION: readonly { command: string; until?: string }[] = [
  { command: "queuectl worker start --count 2" },
  { command: "queuectl enqueue --id hello --timeout 10m 'echo hello from the queue'" },
  {
    command: "queuectl enqueue --id report --timeout 2h --max-retries 1 'cat sales.csv'",
    until:
      'queuectl info report | grep -q "State *: dead" && queuectl info hello | grep -q "State *: completed"',
  },
  { command: "queuectl status" },
  { command: "queuectl dlq list" },
  { command: "echo books,42 > sales.csv" },
  { command: "queuectl dlq retry report", until: 'queuectl info report | grep -q "State *: completed"' },
  { command: "queuectl logs report" },
];

/**
 * Plays the session.
 * @returns the rows that the terminal shows at the end
 * @throws when a command of it fails
 */
export async function playSession(): Promise<Cell[][]> {
  const home = mkdtempSync(join(tmpdir(), "queuectl-picture-"));
  try {
    const bin = join(home, "bin");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "queuectl"),
      `#!/bin/sh\nexec '${process.execPath}' '${ROOT}/queuectl.js' "$@"\n`,
    );
    chmodSync(join(bin, "queuectl"), 0o755);
    const script = join(home, "session.sh");
    writeFileSync(script, sessionScript());
    return await readScreen(await runOnTerminal(script, home), { columns: COLUMNS, rows: ROWS });
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** Shows each command behind a prompt, as if it were typed, and runs it. */
function sessionScript(): string {
  const steps = SESSION.map(({ command, until }) => {
    const prompt = `printf '\\033[32m$\\033[0m \\033[1m%s\\033[0m\\n' ${quote(command)}`;
    const wait = until === undefined ? "" : `await ${quote(until)}\n`;
    return `${prompt}\n${command}\n${wait}`;
  });
  return [
    "set -e",
    "trap 'queuectl worker stop --force > /dev/null 2>&1' EXIT",
    `stty cols ${COLUMNS} rows ${ROWS}`,
    'await() { n=0; until eval "$1"; do n=$((n + 1)); [ $n -lt 300 ]; sleep 0.1; done; }',
    ...steps,
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function runOnTerminal(script: string, home: string): Promise<string> {
  const { PATH } = process.env;
  const env = { PATH: `${home}/bin:${PATH}`, HOME: home, TERM: "xterm-256color", LANG: "C.UTF-8", TZ: "UTC" };
  const child = spawn("script", ["-qec", `sh ${script}`, "/dev/null"], {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const chunks = await child.stdout.toArray();
  const shown = Buffer.concat(chunks).toString("utf8").replaceAll(home, "/home/ada");
  const exitCode = await ended;
  if (exitCode !== 0) throw new Error(`The session ended with ${exitCode}:\n${shown}`);
  return shown;
}

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 20;
const FONT_SIZE = 14;
const PADDING = 20;
const TITLE_BAR = 40;
/** Above each line that was typed: the eye finds the commands. */
const GAP = 8;

/** Of the terminal's 16 colours; a terminal has its own background, so the page's theme does not matter. */
const PALETTE = [
  "#6e7681",
  "#ff7b72",
  "#56d364",
  "#e3b341",
  "#79c0ff",
  "#d2a8ff",
  "#56d4dd",
  "#c9d1d9",
  "#8b949e",
  "#ffa198",
  "#7ee787",
  "#f2cc60",
  "#a5d6ff",
  "#e2c5ff",
  "#b3f0ff",
  "#ffffff",
] as const;
const TEXT_COLOUR = "#e6edf3";
const BACKGROUND = "#0d1117";

/** Draws rows of a terminal as one SVG without outside resources. */
export function drawSvg(rows: readonly (readonly Cell[])[]): string {
  const width = Math.round(COLUMNS * CELL_WIDTH + 2 * PADDING);
  let y = TITLE_BAR;
  const lines = rows.map((row) => {
    if (textOf(row).startsWith(PROMPT) && y > TITLE_BAR) y += GAP;
    y += LINE_HEIGHT;
    return drawRow(row, y - LINE_HEIGHT / 4);
  });
  const height = y + PADDING;
  const buttons = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, n) => `<circle cx="${PADDING + 2 + n * 20}" cy="18" r="6" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">A session with queuectl in a terminal</title>
<desc id="description">${escapeXml(rows.map((row) => textOf(row).trimEnd()).join("\n"))}</desc>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${BACKGROUND}" stroke="#30363d"/>
${buttons.join("\n")}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="${FONT_SIZE}" fill="${TEXT_COLOUR}" xml:space="preserve">
${lines.filter((line) => line !== "").join("\n")}
</g>
</svg>
`;
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ text }) => text).join("");
}

/** A run of cells that look alike is one text, stretched to its cells: columns stay straight in whatever font. */
function drawRow(row: readonly Cell[], y: number): string {
  const runs: { x: number; cells: Cell[] }[] = [];
  row.forEach((cell, x) => {
    const run = runs.at(-1);
    if (run && looksAlike(run.cells[0], cell)) run.cells.push(cell);
    else runs.push({ x, cells: [cell] });
  });
  return runs.map((run) => drawRun(run, y)).join("");
}

function looksAlike(one: Cell | undefined, other: Cell): boolean {
  return one?.colour === other.colour && one.isBold === other.isBold && one.width === other.width;
}

function drawRun({ x, cells }: { x: number; cells: Cell[] }, y: number): string {
  const text = textOf(cells).trimEnd();
  const lead = text.length - text.trimStart().length;
  if (text === "") return "";
  const [{ colour, isBold }] = cells as [Cell];
  const fill = colour === null ? "" : ` fill="${PALETTE[colour] ?? TEXT_COLOUR}"`;
  const weight = isBold ? ' font-weight="600"' : "";
  const left = (PADDING + (x + lead) * CELL_WIDTH).toFixed(1);
  // A wide character comes in the width of its own font; the digits of that font are not for the rest.
  const shape =
    cells[0]?.width === 1
      ? `textLength="${((text.length - lead) * CELL_WIDTH).toFixed(1)}"`
      : `font-family="'Apple Color Emoji', 'Segoe UI Emoji', 'Noto Color Emoji', sans-serif"`;
  return `<text x="${left}" y="${y}" ${shape}${fill}${weight}>${escapeXml(text.trimStart())}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.main) {
  const path = join(ROOT, "docs/images/session.svg");
  writeFileSync(path, drawSvg(await playSession()));
  process.stdout.write(`${path}\n`);
}
