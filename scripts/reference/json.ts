import { COMMANDS } from "../../src/cli/command-tree.ts";
import { ANSWERS, type Answer } from "../../src/cli/json-shapes/answers.ts";
import type { Field, Shape } from "../../src/cli/json-shapes/shape.ts";
import { SHAPES, type ShapeName } from "../../src/cli/json-shapes/shapes.ts";
import { code, linkTo, MADE_BY, page, table } from "./markdown.ts";
import { SAMPLES } from "./samples.ts";

/** Every answer in JSON, from the shapes that the program's types are held to. */
export function jsonReference(): string {
  return page(
    "# JSON",
    MADE_BY,
    "Every verb takes `--json`. The answer is then all that is on standard output, and what goes wrong is one " +
      `${linkTo("error")} on standard error. Keys are in snake_case, but for the keys of settings; instants are ISO 8601 in UTC with ` +
      "milliseconds; durations are in seconds. A key is left out only where this page says so; keys may be added in later versions.",
    "## Answers",
    table(
      ["verb", "answer"],
      [
        ...COMMANDS.map(({ path }) => path.join(" ")).map((verb) => [
          linkTo(`queuectl ${verb}`, "cli.md"),
          answersOf(verb),
        ]),
        [code("queuectl --version"), answerText({ as: "one", shapes: ["version"] }, "")],
      ],
    ),
    "## Shapes",
    ...Object.entries(SHAPES).flatMap(([name, shape]) => [
      `### ${name}`,
      ...describe(shape),
      sample(SAMPLES[name as ShapeName]),
    ]),
  );
}

function sample(value: object | undefined): string {
  return value === undefined ? "" : `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

/** What a verb answers; as seen from another page, which is given. */
export function answersOf(verb: string, from = ""): string {
  return (ANSWERS[verb] ?? []).map((answer) => answerText(answer, from)).join("; ");
}

function answerText({ as, shapes, when }: Answer, from: string): string {
  const links = shapes.map((shape) => linkTo(shape, from)).join(", ");
  return `${HOW_MANY[as]}${links}${when === undefined ? "" : `, ${when.startsWith("with") ? when : `when ${when}`}`}`;
}

const HOW_MANY: Readonly<Record<Answer["as"], string>> = {
  one: "",
  array: "an array of ",
  lines: "one object a line: ",
  instants: "an array of instants",
};

function describe(shape: Shape): string[] {
  const base = shape.extends === undefined ? {} : SHAPES[shape.extends].fields;
  const entries = Object.entries(shape.fields).filter(([key]) => !Object.hasOwn(base, key));
  const explained = entries.flatMap(([key, { values }]) =>
    values === undefined || onlyOf(values) !== undefined || explainedBefore(values, shape) !== undefined
      ? []
      : [valueTable(key, values)],
  );
  return [
    shape.extends === undefined
      ? shape.sentence
      : `${shape.sentence} All keys of a ${linkTo(shape.extends)}, and:`,
    table(
      ["key", "value", ""],
      entries.map(([key, field]) => [
        code(key),
        typeText(field),
        `${field.sentence}${whereExplained(field, shape)}`,
      ]),
    ),
    ...explained,
  ];
}

function typeText({ type, of, nullable, optional, values }: Field): string {
  const only = values && onlyOf(values);
  if (only !== undefined) return code(only);
  const shapes = of === undefined ? [] : [of].flat();
  const what =
    shapes.length === 0
      ? type
      : `${type === "list" ? "list of " : ""}${shapes.map((shape) => linkTo(shape)).join(" or ")}`;
  return `${what}${nullable ? " or null" : ""}${optional ? ", optional" : ""}`;
}

/** The value of a key that has but one: which tells the shape from others. */
function onlyOf(values: Values): string | undefined {
  const [only, ...others] = Object.keys(values);
  return others.length === 0 ? only : undefined;
}

/** The first shape whose values these are too, if it stands further up. */
function explainedBefore(values: Values, shape: Shape): ShapeName | undefined {
  const first = Object.entries(SHAPES).find(([, { fields }]) =>
    Object.values(fields).some((field) => field.values === values),
  );
  return first === undefined || first[1] === shape ? undefined : (first[0] as ShapeName);
}

function whereExplained({ values }: Field, shape: Shape): string {
  const before = values === undefined ? undefined : explainedBefore(values, shape);
  return before === undefined ? "" : `; as in ${linkTo(before)}`;
}

type Values = Readonly<Record<string, string>>;

function valueTable(key: string, values: Readonly<Record<string, string>>): string {
  return table(
    [code(key), "means"],
    Object.entries(values).map(([value, meaning]) => [code(value), meaning]),
  );
}
