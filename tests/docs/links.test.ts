import { existsSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { type Token, walkTokens } from "marked";
import { expect, test } from "vitest";
import { parseDocument, readDocuments } from "./documents.ts";

const ROOT = join(import.meta.dirname, "../..");
const documents = readDocuments();

test.each(documents)("every link of $path leads somewhere", ({ path, tokens }) => {
  const links = linksOf(tokens).filter((href) => !/^[a-z]+:/.test(href));
  expect(links.filter((href) => !leadsSomewhere(path, href))).toEqual([]);
});

test("a missing file and a missing heading are found out", () => {
  const { tokens } = parseDocument(
    "README.md",
    "[a](docs/none.md) ![b](none.svg) [c](#none) [d](docs/README.md#guides)",
  );
  expect(linksOf(tokens).map((href) => leadsSomewhere("README.md", href))).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

function linksOf(tokens: Token[]): string[] {
  const links: string[] = [];
  walkTokens(tokens, (token) => {
    if (token.type === "link" || token.type === "image") links.push(token.href);
  });
  return links;
}

function leadsSomewhere(from: string, href: string): boolean {
  const [name = "", anchor] = href.split("#");
  const path = name === "" ? from : posix.join(dirname(from), name);
  if (!existsSync(join(ROOT, path))) return false;
  if (name.endsWith("/") && !statSync(join(ROOT, path)).isDirectory()) return false;
  if (anchor === undefined) return true;
  const target = documents.find((document) => document.path === path);
  return target !== undefined && anchorsOf(target.tokens).includes(anchor);
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces, a number for a heading that comes again. */
function anchorsOf(tokens: Token[]): string[] {
  const seen = new Map<string, number>();
  const anchors: string[] = [];
  walkTokens(tokens, (token) => {
    if (token.type !== "heading") return;
    const slug = token.text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.push(count === 0 ? slug : `${slug}-${count}`);
  });
  return anchors;
}
