import type { Pair, Scalar, YAMLError } from "yaml";
import { describeValue } from "../../domain/describe.ts";
import type { Fault, Faults } from "./faults.ts";
import { findExcess } from "./find-excess.ts";
import {
  FLATTEN,
  type Located,
  type LocatedEntry,
  MAX_DEPTH,
  MAX_VALUES,
  type Place,
  SPLIT,
  TOO_DEEP,
  TOO_MANY,
} from "./located.ts";

/**
 * Reads YAML 1.2, and so JSON, as values that know their places. What an alias stands for is the very value of its
 * anchor, not a copy, and both its size and its depth are bounded: a file of a kilobyte cannot fill the memory.
 * @param faults gets what is wrong, and names the text in the places
 * @returns undefined when there is no value that could be looked at further
 */
export async function readYaml(text: string, faults: Faults): Promise<Located | undefined> {
  const { Lexer, LineCounter, parseDocument, isAlias, isMap, isScalar, isSeq } = await import("./yaml.ts");
  const excess = findExcess(text, (whole) => new Lexer().lex(whole));
  if (excess !== undefined) {
    const before = text.slice(0, excess.offset).split("\n");
    const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
    faults.add(
      { text: `${faults.source}:${line}:${column}`, order: excess.offset, line, column },
      excess.message,
      excess.hint,
    );
    return undefined;
  }
  const lines = new LineCounter();
  const document = withoutStacks(() =>
    parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // It compares each key with all before it; ten thousand steps would take seconds.
      uniqueKeys: false,
    }),
  );
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { text: `${faults.source}:${line}:${col}`, order: offset, line, column: col };
  };
  const refused = [...document.errors, ...document.warnings];
  faults.addAll(withoutEchoes(refused).map((error) => explain(error, placeOf)));
  if (refused.length > 0) return undefined;
  const reader = new Reader({ isAlias, isMap, isScalar, isSeq }, placeOf, faults);
  const located = reader.read(document.contents, { offset: 0, depth: 0 });
  return reader.isWhole ? located : undefined;
}

/**
 * Of each fault the parser makes an error, and of a file of commas half a million. Where in the parser they were made, nobody
 * reads; to note it takes several times as long as all the rest.
 */
function withoutStacks<T>(parse: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Where a value would stand if it is not written at all, and how deep it is. */
interface From {
  offset: number;
  depth: number;
}

/** How much a value holds, what its aliases stand for included. */
interface Extent {
  values: number;
  height: number;
}

/** The parser's own ways to tell its nodes apart. */
type NodeKinds = Pick<typeof import("./yaml.ts"), "isAlias" | "isMap" | "isScalar" | "isSeq">;

class Reader {
  /** False when there is something that could not be read as what it was meant for. */
  isWhole = true;
  readonly #kinds: NodeKinds;
  readonly #faults: Faults;
  readonly #placeOf: (offset: number) => Place;
  /** Null while the value is being read: an alias to it within itself has no end. */
  readonly #anchored = new Map<string, Located | null>();
  /** What is too deep or too much is so at many places. */
  #lastRefusal = "";
  readonly #extents = new Map<Located, Extent>();

  constructor(kinds: NodeKinds, placeOf: (offset: number) => Place, faults: Faults) {
    this.#kinds = kinds;
    this.#placeOf = placeOf;
    this.#faults = faults;
  }

  read(node: unknown, from: From): Located {
    const offset = offsetOf(node) ?? from.offset;
    const at = this.#placeOf(offset);
    if (this.#kinds.isAlias(node)) return this.#resolve(node.source, at);
    const anchor =
      this.#kinds.isMap(node) || this.#kinds.isSeq(node) || this.#kinds.isScalar(node)
        ? node.anchor
        : undefined;
    if (anchor !== undefined) this.#anchored.set(anchor, null);
    const located = this.#readNode(node, at, { offset, depth: from.depth + 1 });
    if (anchor !== undefined) this.#anchored.set(anchor, located);
    return located;
  }

  #readNode(node: unknown, at: Place, from: From): Located {
    if (from.depth > MAX_DEPTH) return this.#refuse(at, TOO_DEEP, FLATTEN);
    if (this.#kinds.isMap(node)) {
      const entries = node.items.map((pair) => this.#readEntry(pair, from));
      this.#refuseTwins(entries);
      return this.#bounded(
        { kind: "map", at, entries },
        entries.map(({ value }) => value),
      );
    }
    if (this.#kinds.isSeq(node)) {
      const items = node.items.map((item) => this.read(item, from));
      return this.#bounded({ kind: "list", at, items }, items);
    }
    return { kind: "scalar", at, value: this.#kinds.isScalar(node) ? node.value : null };
  }

  #readEntry({ key, value }: Pair, from: From): LocatedEntry {
    const offset = offsetOf(key) ?? from.offset;
    const keyAt = this.#placeOf(offset);
    if (!this.#kinds.isScalar(key)) this.#refuse(keyAt, "A name must be a plain text");
    return {
      key: this.#kinds.isScalar(key) ? keyText(key) : "",
      keyAt,
      value: this.read(value, { offset, depth: from.depth }),
    };
  }

  #refuseTwins(entries: readonly LocatedEntry[]): void {
    const first = new Map<string, Place>();
    for (const { key, keyAt } of entries) {
      const twin = first.get(key);
      if (twin === undefined) first.set(key, keyAt);
      else
        this.#faults.add(
          keyAt,
          `The name ${describeValue(key)} is there twice`,
          `It stands at ${twin.text} too. Rename one of them, or take it out.`,
        );
    }
  }

  #resolve(name: string, at: Place): Located {
    const located = this.#anchored.get(name);
    if (located) return located;
    if (located === null)
      return this.#refuse(at, `The alias *${name} stands for something that it is part of`);
    return this.#refuse(
      at,
      `There is no anchor &${name} before the alias *${name}`,
      `If it is a text, put it in quotes: "*${name}"`,
    );
  }

  /** Hands a value on, unless it holds too much: then nothing of it, so that nothing larger can be made of it. */
  #bounded(located: Located, parts: readonly Located[]): Located {
    const extent = { values: 1, height: 1 };
    for (const part of parts) {
      const { values, height } = this.#extents.get(part) ?? { values: 1, height: 1 };
      extent.values += values;
      extent.height = Math.max(extent.height, height + 1);
    }
    if (extent.height > MAX_DEPTH) return this.#refuse(located.at, TOO_DEEP, FLATTEN);
    if (extent.values > MAX_VALUES) return this.#refuse(located.at, TOO_MANY, SPLIT);
    this.#extents.set(located, extent);
    return located;
  }

  #refuse(at: Place, message: string, hint?: string): Located {
    if (message !== this.#lastRefusal) this.#faults.add(at, message, hint);
    this.#lastRefusal = message;
    this.isWhole = false;
    return { kind: "scalar", at, value: null };
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}

/** As it is written: a step may be called 1, or true, or null. */
function keyText({ value, source }: Scalar): string {
  return typeof value === "string" ? value : (source ?? String(value));
}

/** What comes of another fault: more at the same place, and all that is not closed where the parser could not go on. */
function withoutEchoes(errors: readonly YAMLError[]): readonly YAMLError[] {
  const exhausted = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (exhausted !== undefined) return [exhausted];
  return [...new Map(errors.toReversed().map((error) => [error.pos[0], error])).values()];
}

/** What the parser says to programmers. */
const REWORDED: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  MULTIPLE_DOCS: "This begins a second document",
  RESOURCE_EXHAUSTION: TOO_DEEP,
  KEY_OVER_1024_CHARS: "A name has at most 1024 characters",
};

/** Its other sentences say what is wrong; for what people do most often, this says how to mend it. */
const REMEDIES: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  RESOURCE_EXHAUSTION: FLATTEN,
  TAB_AS_INDENT: "Indent with spaces.",
  BAD_INDENT: "What belongs together begins in the same column.",
  BLOCK_AS_IMPLICIT_KEY: 'A text with ": " in it goes in quotes, or below a line that ends in |.',
  BAD_SCALAR_START: "Put the text in quotes.",
  MULTIPLE_DOCS: "A file holds one flow. Put the others into files of their own.",
  MULTILINE_IMPLICIT_KEY: "After a name come a colon and a space, in its line.",
  TAG_RESOLVE_FAILED: "A flow needs no tags. If it is a text, put it in quotes.",
};

const BELOW_ITS_SIGN = "The text that belongs to | or > begins in the next line";
const QUOTE_ALL = "Put the whole text in quotes, or below a line that ends in |.";

function explain({ code, message, pos }: YAMLError, placeOf: (offset: number) => Place): Fault {
  const at = placeOf(pos[0]);
  const [, bracket] = /end with a ([\]}])$/.exec(message) ?? [];
  if (bracket !== undefined)
    return { at, message: `A ${bracket} is missing before this, or stands too far left` };
  const [, quote] = /^Missing closing (["'])quote$/.exec(message) ?? [];
  if (quote !== undefined) return { at, message: `The text is not closed: its second ${quote} is missing` };
  if (message.startsWith("Not a YAML token")) return { at, message: BELOW_ITS_SIGN };
  const hint = message.endsWith("at node end") ? QUOTE_ALL : REMEDIES[code];
  return { at, message: REWORDED[code] ?? message, hint };
}
