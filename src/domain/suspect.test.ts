import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideAfterLoss, type Loss, mustMakeRoom } from "./suspect.ts";

const LOSS: Loss = {
  suspicion: null,
  attempts: 2,
  lostTogether: 1,
  what: "worker",
  mayBeItsFault: true,
  isToBeCancelled: false,
};

/** What becomes of a job that is lost again and again in this way: how often it goes back before it is dead. */
function losesUntilDead(loss: Partial<Loss>, crashLimit: number, most = 20): number {
  let { suspicion } = { ...LOSS, ...loss };
  for (let lost = 1; lost <= most; lost += 1) {
    const after = decideAfterLoss({ ...LOSS, ...loss, suspicion }, crashLimit);
    if (after.transition.to === "dead") return lost;
    suspicion = after.suspicion;
  }
  return Number.POSITIVE_INFINITY;
}

describe("a lost job", () => {
  test("that was lost with others is a suspect, and has nothing held against it yet", () => {
    expect(decideAfterLoss({ ...LOSS, lostTogether: 8 }, 3)).toMatchObject({
      transition: { to: "pending" },
      suspicion: 0,
    });
  });

  test("that is lost alone as often as the limit says is a crash loop, and spends no retry", () => {
    expect(decideAfterLoss({ ...LOSS, suspicion: 1 }, 3)).toMatchObject({
      transition: { to: "pending" },
      suspicion: 2,
    });
    expect(decideAfterLoss({ ...LOSS, suspicion: 2 }, 3)).toEqual({
      transition: { to: "dead", reason: "crash_loop", attempts: 2 },
      suspicion: 0,
      error: "its worker died 3 times in a row while it ran alone",
    });
  });

  test.each([1, 2, 3, 7])("dies of %i losses alone, and never of others", (crashLimit) => {
    expect(losesUntilDead({}, crashLimit)).toBe(crashLimit);
    expect(losesUntilDead({ lostTogether: 2, suspicion: 9 }, crashLimit)).toBe(Number.POSITIVE_INFINITY);
    expect(losesUntilDead({ mayBeItsFault: false }, crashLimit)).toBe(Number.POSITIVE_INFINITY);
  });

  test("of a worker that a reboot or a person ended is as it was", () => {
    for (const suspicion of [null, 0, 2])
      expect(decideAfterLoss({ ...LOSS, suspicion, mayBeItsFault: false }, 1)).toMatchObject({
        transition: { to: "pending" },
        suspicion,
      });
  });

  test("that was to be cancelled is cancelled, whatever else would have become of it", () => {
    fc.assert(
      fc.property(
        fc.option(fc.nat({ max: 5 })),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        (suspicion, lostTogether, mayBeItsFault, crashLimit) => {
          const loss = { ...LOSS, suspicion, lostTogether, mayBeItsFault, isToBeCancelled: true };
          expect(decideAfterLoss(loss, crashLimit).transition).toEqual({ to: "cancelled" });
        },
      ),
    );
  });
});

describe("room for a suspect", () => {
  test("is made by exactly one worker, whatever each holds: one of those that hold least", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 }), (loads) => {
        const workers = loads.map((held, index) => ({ id: `w${index}`, held }));
        const chosen = workers.filter((worker) =>
          mustMakeRoom(
            worker,
            workers.filter((other) => other !== worker),
          ),
        );
        expect(chosen).toHaveLength(1);
        expect(chosen[0]?.held).toBe(Math.min(...loads));
      }),
    );
  });

  test("is made by a worker that is alone", () => {
    expect(mustMakeRoom({ id: "w", held: 8 }, [])).toBe(true);
  });
});
