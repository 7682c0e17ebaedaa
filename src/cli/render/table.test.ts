import fc from "fast-check";
import { expect, test } from "vitest";
import { renderTable } from "./table.ts";
import { textWidth } from "./text-width.ts";

const columns = [{ title: "ID" }, { title: "COMMAND", isFlexible: true }, { title: "STATE" }];
const rowsOf = (...rows: string[][]) => rows.map((row) => row.map((text) => ({ text })));

test("columns are aligned under their titles, without blanks at the ends of lines", () => {
  const rows = rowsOf(["a", "echo", "dead"], ["longer", "x", "pending"], ["b", "last", ""]);
  expect(renderTable(columns, rows, 80)).toBe(
    "ID      COMMAND  STATE\na       echo     dead\nlonger  x        pending\nb       last\n",
  );
});

test("a flexible column gives way first, then the widest", () => {
  const rows = rowsOf(["a".repeat(12), "echo 1234567890", "dead"]);
  expect(renderTable(columns, rows, 32)).toBe(
    "ID            COMMAND      STATE\naaaaaaaaaaaa  echo 12345…  dead\n",
  );
  expect(renderTable(columns, rows, 26)).toBe("ID         COMMAND   STATE\naaaaaaaa…  echo 12…  dead\n");
});

test("colours do not count as width", () => {
  const cell = { text: "echo 12345", paint: (text: string) => `\u001b[31m${text}\u001b[39m` };
  const [, row] = renderTable(columns, [[{ text: "a" }, cell, { text: "dead" }]], 19).split("\n");
  expect(row).toBe("a   \u001b[31mecho 12…\u001b[39m  dead");
});

test("no line is wider than the terminal, whatever the cells hold", () => {
  const cell = fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => !/[\n\r]/.test(text));
  const row = fc.tuple(cell, cell, cell).map((texts) => texts.map((text) => ({ text })));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 20, max: 120 }), (rows, width) => {
      for (const line of renderTable(columns, rows, width).split("\n"))
        expect(textWidth(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test("columns for which there is no room are left out: those that say nothing first, a name never while others can go", () => {
  const some = [
    { title: "QUEUE" },
    { title: "STATE" },
    { title: "PENDING", sparable: 1 },
    { title: "DEAD", sparable: 2 },
    { title: "RATE", sparable: 3 },
  ];
  const rows = rowsOf(["a".repeat(20), "paused", "0", "7", "2/h"], ["media", "open", "0", "0", "-"]);
  const titles = (width: number) => renderTable(some, rows, width).split("\n")[0]?.split(/ +/);
  expect(titles(80)).toEqual(["QUEUE", "STATE", "PENDING", "DEAD", "RATE"]);
  expect(titles(45)).toEqual(["QUEUE", "STATE", "DEAD", "RATE"]);
  expect(titles(35)).toEqual(["QUEUE", "STATE", "DEAD"]);
  expect(renderTable(some, rows, 30)).toContain(`${"a".repeat(20)}  paused\n`);
});
