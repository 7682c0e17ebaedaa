const PARTS = /^(\d{4}-(\d{2})-(\d{2}))(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(.*))?$/;

/**
 * Which part of a text keeps it from being an instant, as the end of a sentence.
 * @returns undefined when the text is not even like one
 */
export function explainNoInstant(text: string): string | undefined {
  const match = PARTS.exec(text.trim());
  if (!match) return undefined;
  const [, date = "", month, day, hour, minute, second = "00", zone] = match;
  if (Number(month) < 1 || Number(month) > 12) return `there is no month ${month}`;
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number(day) < 1 || Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date))
    return `there is no day ${date}`;
  if (hour === undefined) return "the time of day is missing";
  if (Number(hour) > 23) return `there is no hour ${hour}`;
  if (Number(minute) > 59) return `there is no minute ${minute}`;
  if (Number(second) > 59) return `there is no second ${second}`;
  if (zone === "") return "its zone is missing";
  if (date < "1970-01-02") return "it is before 1970";
  if (date > "9999-12-30") return "it is after the year 9999";
  return "its zone cannot be read";
}
