/** One field of a pattern: what people call it, and what may stand in it. */
export interface CronField {
  name: string;
  /** In words. */
  values: string;
  first: number;
  last: number;
  /** Of the values from `first` on. */
  names?: readonly string[];
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] as const;
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/** The last five are what crontab knows. */
export const CRON_FIELDS: readonly CronField[] = [
  { name: "second", values: "0 to 59", first: 0, last: 59 },
  { name: "minute", values: "0 to 59", first: 0, last: 59 },
  { name: "hour", values: "0 to 23", first: 0, last: 23 },
  {
    name: "day of the month",
    values: "1 to 31, L for the last, LW for the last weekday, or 15W for the weekday nearest to the 15th",
    first: 1,
    last: 31,
  },
  { name: "month", values: "1 to 12, or JAN to DEC", first: 1, last: 12, names: MONTHS },
  {
    name: "day of the week",
    values: "0 to 7, SUN to SAT, MON#1 for the first of the month, or MON#L for the last",
    first: 0,
    last: 6,
    names: DAYS,
  },
];

/**
 * What is wrong with a field, and what to write instead; undefined when nothing is. Croner would say only that it is wrong,
 * and takes signs that crontab does not know, each of which means something else elsewhere.
 */
export function faultOfField(text: string, field: CronField): string | undefined {
  const parts = text.split(",");
  for (const part of parts) {
    const fault = faultOfPart(part, field);
    if (fault !== undefined) return fault;
  }
  const isAlone = parts.length === 1 || !parts.some((part) => /^LW$/i.test(part));
  return isAlone ? undefined : "LW stands alone, in no list.";
}

function faultOfPart(part: string, field: CronField): string | undefined {
  if (part === "") return "A list has a value between its commas: 1,4.";
  if (part.includes("?")) return "A ? is not known here: write *.";
  if (part.startsWith("+")) return "A + is not known here: when both days are given, either suffices.";
  if (field.name === "day of the month" && /^(L|LW)$/i.test(part)) return undefined;
  if (field.name === "day of the month" && /W$/i.test(part))
    return faultOfRange(part.slice(0, -1), field, "");
  if (field.names === DAYS && /#|.L$/i.test(part)) return faultOfWeekday(part, field);
  const [base = "", step, ...more] = part.split("/");
  if (more.length > 0) return rule(field);
  const fault = base === "*" ? undefined : faultOfRange(base, field, step === undefined ? "" : `/${step}`);
  return fault ?? (step === undefined ? undefined : faultOfStep(base, step, field));
}

/** One of a month's: its first Monday, its last Friday. */
function faultOfWeekday(part: string, field: CronField): string | undefined {
  const [day = "", which, ...more] = part.split("#");
  if (which === undefined)
    return `The last one of the month is written ${part.slice(0, -1).toUpperCase()}#L.`;
  if (more.length > 0 || day.includes("-")) return rule(field);
  const fault = faultOfRange(day, field, "");
  if (fault !== undefined || /^([1-5]|L)$/i.test(which)) return fault;
  const name = day.toUpperCase();
  return `A weekday comes up to five times a month: ${name}#1 to ${name}#5, or ${name}#L for the last.`;
}

function faultOfStep(base: string, step: string, field: CronField): string | undefined {
  const { first, last } = field;
  if (!/^\d+$/.test(step)) return rule(field);
  if (Number(step) === 0) return "A step is at least 1.";
  if (base !== "*" && !base.includes("-"))
    return `A step needs something to step through: ${base}-${last}/${step}, or */${step}.`;
  const count = last - first + 1;
  if (Number(step) > count) return `A step of ${step} leaves the field at once: it has ${count} values.`;
  return undefined;
}

/** Of one value too. */
function faultOfRange(text: string, field: CronField, step: string): string | undefined {
  const ends = text.split("-");
  const values = ends.map((end) => readValue(end, field));
  const [from, to] = [values[0], values.at(-1)];
  if (ends.length > 2 || from === undefined || to === undefined)
    return ends.map((end) => fullName(end, field)).find((fault) => fault !== undefined) ?? rule(field);
  // Sunday is the end of a week as well as its beginning.
  if (from <= to || (field.names === DAYS && to === 0)) return undefined;
  const { first, last } = field;
  const isNamed = /[a-z]/i.test(text);
  const name = (value: number) => (isNamed ? (field.names?.[value - first] ?? value) : value);
  const range = (a: number, b: number) => (a === b ? name(a) : `${name(a)}-${name(b)}`);
  return `The range ends before it begins: write ${range(from, last)}${step},${range(first, to)}${step}.`;
}

function readValue(text: string, { first, last, names }: CronField): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return first + named;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= first && value <= (names === DAYS ? 7 : last) ? value : undefined;
}

function fullName(text: string, { names }: CronField): string | undefined {
  const short = names?.find((name) => /^[a-z]{4,}$/i.test(text) && text.toUpperCase().startsWith(name));
  return short === undefined ? undefined : `A name has three letters: ${short}.`;
}

function rule({ values }: CronField): string {
  return `It may be ${values}: one, a list (1,4), a range (1-4), or * with or without a step (*/5).`;
}
