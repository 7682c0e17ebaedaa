import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drawSvg, playSession } from "../../scripts/make-picture.ts";

const PICTURE = join(import.meta.dirname, "../../docs/images/session.svg");

test("the session of the picture still goes as the picture shows, but for what differs from run to run", async () => {
  const drawn = drawSvg(await playSession());
  expect(words(drawn)).toEqual(words(readFileSync(PICTURE, "utf8")));
});

/** The description holds what the terminal showed, as text. */
function words(svg: string): string[] {
  const shown = /<desc[^>]*>(.*)<\/desc>/s.exec(svg)?.[1] ?? "";
  return shown
    .replaceAll(/PIDs: .*/g, "PIDs")
    .replaceAll(/\bnow\b|\d+s ago/g, "AGO")
    .split("\n")
    .map((line) => line.replaceAll(/ +/g, " "));
}
