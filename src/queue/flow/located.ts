/** A value of a flow file with the place where it stands, so that whatever is wrong with it can be found. */
export type Located = LocatedMap | LocatedList | LocatedScalar;

export interface LocatedMap {
  kind: "map";
  at: Place;
  entries: readonly LocatedEntry[];
}

export interface LocatedEntry {
  key: string;
  keyAt: Place;
  value: Located;
}

export interface LocatedList {
  kind: "list";
  at: Place;
  items: readonly Located[];
}

/** A text, number, truth value or null of a file; of a program anything that is neither map nor list. */
export interface LocatedScalar {
  kind: "scalar";
  at: Place;
  value: unknown;
}

/** Where something stands: as people read it (`build.yaml:3:7`, `flow.steps.test`), and what comes before what. */
export interface Place {
  text: string;
  order: number;
  /** Of a text only. */
  line?: number;
  column?: number;
}

/** Deeper than any flow: what reads a value calls itself. */
export const MAX_DEPTH = 64;

/** Ten thousand steps of two dozen values; with aliases a short file can hold many more than it shows. */
export const MAX_VALUES = 250_000;

/**
 * Words, signs, and what is between them. Ten thousand steps of five fields in a line each have fewer; a megabyte of
 * nothing but commas has more, and keeps the parser busy many times as long as a flow of its size.
 */
export const MAX_LEXEMES = 500_000;

export const TOO_DENSE: string = `The file has more than ${MAX_LEXEMES} words and signs, up to here`;

export const TOO_DEEP: string = `This is nested more than ${MAX_DEPTH} levels deep`;

export const TOO_MANY: string = `The flow has more than ${MAX_VALUES} values, those that stand for others counted`;

/** What to do about what is too deep. */
export const FLATTEN =
  "Nothing in a flow is nested deeper than a list of a step. Look for a bracket that is not closed.";

/** What to do about what is too much. */
export const SPLIT = "Make several flows of it, or an array of jobs.";

/** The value without its places. */
export function toPlain(located: Located): unknown {
  switch (located.kind) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(toPlain);
    case "map":
      // From entries, not by assignment: a variable called __proto__ is a variable too.
      return Object.fromEntries(located.entries.map(({ key, value }) => [key, toPlain(value)]));
  }
}
