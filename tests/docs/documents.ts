import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { lexer, type Token } from "marked";

const ROOT = join(import.meta.dirname, "../..");

/** One document of the project, by its path from the root with forward slashes. */
export interface Document {
  path: string;
  source: string;
  tokens: Token[];
  blocks: Block[];
}

/** A fenced block. */
export interface Block {
  /** What stands behind the fence: `console`, `sh`, …; empty when nothing does. */
  language: string;
  text: string;
  /** Where its first line of text stands, from 1. */
  line: number;
  /** The reason in `<!-- not run: REASON -->` before it; null without one. */
  notRun: string | null;
}

/** README.md, CONTRIBUTING.md and everything below docs/. */
export function readDocuments(): Document[] {
  const below = readdirSync(join(ROOT, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith(".md"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  return ["README.md", "CONTRIBUTING.md", ...below].map((path) =>
    parseDocument(path, readFileSync(join(ROOT, path), "utf8")),
  );
}

export function parseDocument(path: string, source: string): Document {
  const tokens = lexer(source);
  const lines = source.split("\n");
  let line = 0;
  const blocks = [...findBlocks(tokens)].map(({ token, notRun }): Block => {
    line = lines.findIndex((text, index) => index >= line && text.trimStart().startsWith("```")) + 1;
    const block = { language: token.lang ?? "", text: token.text, line: line + 1, notRun };
    line += token.text.split("\n").length + 1;
    return block;
  });
  return { path, source, tokens, blocks };
}

const NOT_RUN = /^<!-- not run:(.*)-->\s*$/;

interface FoundBlock {
  token: { lang?: string; text: string };
  notRun: string | null;
}

function* findBlocks(tokens: readonly Token[]): Generator<FoundBlock> {
  let notRun: string | null = null;
  for (const token of tokens) {
    if (token.type === "space") continue;
    if (token.type === "code") yield { token: token as FoundBlock["token"], notRun };
    notRun = token.type === "html" ? (NOT_RUN.exec(token.raw)?.[1]?.trim() ?? null) : null;
    const { tokens: children = [], items = [] } = token as { tokens?: Token[]; items?: Token[] };
    yield* findBlocks([...children, ...items]);
  }
}
