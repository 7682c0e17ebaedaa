type Schema = Readonly<Record<string, unknown>>;

/** What a keyword of JSON Schema (draft 2020-12) demands of a value; as many of them as our schemas use. */
const KEYWORDS: Readonly<Record<string, (value: unknown, demand: never, schema: Schema) => boolean>> = {
  type: (value, type: string) => isOfType(value, type),
  pattern: (value, pattern: string) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
  minLength: (value, least: number) => typeof value !== "string" || [...value].length >= least,
  maxLength: (value, most: number) => typeof value !== "string" || [...value].length <= most,
  minimum: (value, least: number) => typeof value !== "number" || value >= least,
  maximum: (value, most: number) => typeof value !== "number" || value <= most,
  required: (value, names: string[]) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  minProperties: (value, least: number) => !isObject(value) || Object.keys(value).length >= least,
  maxProperties: (value, most: number) => !isObject(value) || Object.keys(value).length <= most,
  propertyNames: (value, schema: Schema) =>
    !isObject(value) || Object.keys(value).every((name) => matchesSchema(name, schema)),
  properties: (value, schemas: Record<string, Schema>) =>
    !isObject(value) ||
    Object.entries(value).every(([name, each]) => matchesSchema(each, own(schemas, name) ?? {})),
  additionalProperties: (value, rest: Schema | false, { properties }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, each]) =>
        own((properties ?? {}) as Record<string, Schema>, name) !== undefined ||
        (rest !== false && matchesSchema(each, rest)),
    ),
  minItems: (value, least: number) => !Array.isArray(value) || value.length >= least,
  prefixItems: (value, schemas: Schema[]) =>
    !Array.isArray(value) || value.every((item, index) => matchesSchema(item, schemas[index] ?? {})),
  items: (value, schema: Schema, { prefixItems }) =>
    !Array.isArray(value) ||
    value
      .slice((prefixItems as Schema[] | undefined)?.length ?? 0)
      .every((item) => matchesSchema(item, schema)),
  anyOf: (value, schemas: Schema[]) => schemas.some((schema) => matchesSchema(value, schema)),
  not: (value, schema: Schema) => !matchesSchema(value, schema),
};

/** These demand nothing. */
const NOTES = ["$schema", "title", "description"];

/** True for a value that a schema allows. A keyword that is not known here is a fault of the test. */
export function matchesSchema(value: unknown, schema: Schema): boolean {
  return Object.entries(schema).every(([keyword, demand]) => {
    if (NOTES.includes(keyword)) return true;
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`The keyword "${keyword}" is not known to the tests.`);
    return check(value, demand as never, schema);
  });
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "number":
      return typeof value === type;
    default:
      throw new Error(`The type "${type}" is not known to the tests.`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
