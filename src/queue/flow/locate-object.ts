import { QueuectlError } from "../../domain/errors.ts";
import type { Faults } from "./faults.ts";
import {
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
 * Writes an entry of the map at a path as a flow file has it.
 * @throws QueuectlError when it is wrong already
 */
export type Rewrite = (path: readonly string[], key: string, value: unknown) => readonly [string, unknown];

/**
 * A value of a program as one that knows its places: `flow.steps.test.needs[0]`. What is undefined is not there.
 * @param faults gets what is wrong, and names the value in the places
 * @returns undefined when it cannot be looked at further
 */
export function locateObject(value: unknown, faults: Faults, rewrite: Rewrite): Located | undefined {
  const locator = new Locator(faults, rewrite);
  const located = locator.locate(value, faults.source, []);
  return locator.isWhole ? located : undefined;
}

class Locator {
  isWhole = true;
  readonly #faults: Faults;
  readonly #rewrite: Rewrite;
  #values = 0;

  constructor(faults: Faults, rewrite: Rewrite) {
    this.#faults = faults;
    this.#rewrite = rewrite;
  }

  locate(value: unknown, text: string, path: readonly string[]): Located {
    this.#values += 1;
    const at = { text, order: this.#values };
    // What holds itself ends here, too.
    if (path.length >= MAX_DEPTH)
      return this.#refuse(at, TOO_DEEP, "Give plain values; what holds itself has no end.");
    if (this.#values > MAX_VALUES) return this.#refuse(at, TOO_MANY, SPLIT);
    if (Array.isArray(value)) {
      const items: unknown[] = value;
      return {
        kind: "list",
        at,
        items: items.map((item, index) => this.locate(item, `${text}[${index}]`, [...path, String(index)])),
      };
    }
    if (!isPlain(value)) return { kind: "scalar", at, value };
    const given = Object.entries(value).filter(([, each]) => each !== undefined);
    return { kind: "map", at, entries: given.flatMap((entry) => this.#locateEntry(entry, text, path)) };
  }

  #locateEntry([key, value]: [string, unknown], text: string, path: readonly string[]): LocatedEntry[] {
    const place = /^[A-Za-z_$][\w$]*$/.test(key) ? `${text}.${key}` : `${text}[${JSON.stringify(key)}]`;
    const keyAt = { text: place, order: this.#values + 1 };
    try {
      const [name, written] = this.#rewrite(path, key, value);
      return [{ key: name, keyAt, value: this.locate(written, place, [...path, name]) }];
    } catch (error) {
      if (!(error instanceof QueuectlError)) throw error;
      this.#faults.add(keyAt, error.message, error.hint);
      return [];
    }
  }

  #refuse(at: Place, message: string, hint: string): Located {
    if (this.isWhole) this.#faults.add(at, message, hint);
    this.isWhole = false;
    return { kind: "scalar", at, value: null };
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
