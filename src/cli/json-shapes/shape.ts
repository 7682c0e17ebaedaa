import type { ShapeName } from "./shapes.ts";

/**
 * One key of a JSON object, described. The compiler holds each description to the type of the key: a key that may be
 * null must say so, and a key that is missing here, or too many, does not compile.
 */
export interface Field {
  type: FieldType;
  /** Null is a value of it, and means something. */
  nullable?: true;
  /** Left out where it does not apply. */
  optional?: true;
  /** The shape of what is in it, of an `object` or a `list`; of several, each has one. */
  of?: ShapeName | readonly ShapeName[];
  /** All values it can have, each with its meaning. */
  values?: Readonly<Record<string, string>>;
  sentence: string;
}

export type FieldType =
  | "text"
  /** ISO 8601, UTC, milliseconds. */
  | "instant"
  | "number"
  | "whole number"
  /** A number, fractions included. */
  | "seconds"
  | "bytes"
  | "true or false"
  | "list of texts"
  /** Texts by names that are not known beforehand. */
  | "texts by name"
  /** A number or a text, as its setting says. */
  | "value"
  | "list"
  | "object";

/** A JSON object, described. */
export interface Shape {
  sentence: string;
  /** All its keys are in `fields` too; the reference names only the others. */
  extends?: ShapeName;
  fields: Readonly<Record<string, Field>>;
}

/** A description that is held to a type. */
export interface ShapeOf<T> extends Shape {
  fields: FieldsOf<T>;
}

export type FieldsOf<T> = { readonly [Key in keyof T]-?: FieldOf<T, Key> };

type FieldOf<T, Key extends keyof T> = Field & { type: TypeOf<NonNullable<T[Key]>> } & (null extends T[Key]
    ? { nullable: true }
    : { nullable?: never }) &
  (T extends Record<Key, T[Key]> ? { optional?: never } : { optional: true }) &
  ValuesOf<NonNullable<T[Key]>>;

type TypeOf<Value> = [Value] extends [string]
  ? "text" | "instant"
  : [Value] extends [number]
    ? "number" | "whole number" | "seconds" | "bytes"
    : [Value] extends [boolean]
      ? "true or false"
      : [Value] extends [readonly string[]]
        ? "list of texts"
        : [Value] extends [readonly object[]]
          ? "list"
          : [Value] extends [object]
            ? string extends keyof Value
              ? "texts by name"
              : "object"
            : "value";

/** A text of a closed union has all its members explained. */
type ValuesOf<Value> = [Value] extends [string]
  ? string extends Value
    ? { values?: never }
    : { values: Readonly<Record<Value & string, string>> }
  : { values?: never };

/** The key that tells shapes apart, each of which has a value of its own. */
export function kind<Kind extends string>(
  name: Kind,
  sentence: string,
): { type: "text"; values: Readonly<Record<Kind, string>>; sentence: string } {
  return { type: "text", values: { [name]: "tells it from the others" } as Record<Kind, string>, sentence };
}
