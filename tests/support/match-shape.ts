import type { Field } from "../../src/cli/json-shapes/shape.ts";
import { SHAPES, type ShapeName } from "../../src/cli/json-shapes/shapes.ts";
import { INSTANT } from "./job-json.ts";

/** What a value has that its shape does not describe, or lacks that it does: a sentence each. None when it matches. */
export function findMismatches(value: unknown, name: ShapeName, place = name as string): string[] {
  if (!isObject(value)) return [`${place} is ${JSON.stringify(value)}, not an object`];
  const { fields } = SHAPES[name];
  const missing = Object.entries(fields)
    .filter(([key, { optional }]) => optional !== true && !(key in value))
    .map(([key]) => `${place} has no ${key}`);
  const wrong = Object.entries(value).flatMap(([key, each]) => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) return [`${place} has ${key}, which is not documented`];
    return findFieldMismatches(each, field, `${place}.${key}`);
  });
  return [...missing, ...wrong];
}

function findFieldMismatches(value: unknown, field: Field, place: string): string[] {
  if (value === null) return field.nullable === true ? [] : [`${place} is null`];
  const { type, of, values } = field;
  if (of !== undefined) {
    if (type === "object") return findMismatchesOfAny(value, of, place);
    if (!Array.isArray(value)) return [`${place} is ${JSON.stringify(value)}, not a list`];
    return value.flatMap((each, index) => findMismatchesOfAny(each, of, `${place}[${index}]`));
  }
  if (!isOfType(value, type)) return [`${place} is ${JSON.stringify(value)}, not: ${type}`];
  if (values !== undefined && !Object.hasOwn(values, String(value)))
    return [`${place} is ${JSON.stringify(value)}, which is not documented`];
  return [];
}

/** Of several shapes the one that fits best counts. */
function findMismatchesOfAny(value: unknown, of: NonNullable<Field["of"]>, place: string): string[] {
  return fewest([of].flat().map((name) => findMismatches(value, name, place)));
}

/** The list with the fewest complaints. */
export function fewest(lists: readonly string[][]): string[] {
  return lists.reduce((least, each) => (each.length < least.length ? each : least), lists[0] ?? ["no shape"]);
}

function isOfType(value: unknown, type: Field["type"]): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "instant":
      return typeof value === "string" && INSTANT.test(value);
    case "number":
    case "seconds":
      return typeof value === "number";
    case "whole number":
    case "bytes":
      return Number.isInteger(value);
    case "true or false":
      return typeof value === "boolean";
    case "list of texts":
      return Array.isArray(value) && value.every((each) => typeof each === "string");
    case "texts by name":
      return isObject(value) && Object.values(value).every((each) => typeof each === "string");
    case "value":
      return typeof value === "number" || typeof value === "string";
    case "list":
    case "object":
      return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
