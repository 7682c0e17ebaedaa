/** Says where a page comes from, so that nobody mends it by hand. */
export const MADE_BY = "<!-- Made by `npm run reference` from the program itself; do not edit. -->";

/** A table; what would end a cell is escaped. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** A link to a heading of the same or another page, by the rule of the common renderers. */
export function linkTo(heading: string, page = ""): string {
  return `[${heading}](${page}#${heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9_ -]/g, "")
    .replaceAll(" ", "-")})`;
}

/** Parts apart by an empty line, and one line break at the end. */
export function page(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
