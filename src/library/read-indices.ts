import { expandRanges, MAX_ARRAY_INDEX } from "../domain/array-spec.ts";
import { MAX_COUNT } from "../domain/job-fields.ts";
import { checkOptions, type OptionRule, usage, wholeNumber } from "./check-options.ts";
import type { ArrayOptions } from "./job.ts";

const CALL = "queue.enqueueArray";

const index = wholeNumber(0, MAX_ARRAY_INDEX);
const count = wholeNumber(1, MAX_COUNT);
const indexList: OptionRule = {
  allows: (value) => Array.isArray(value) && value.length > 0 && value.every((each) => index.allows(each)),
  text: `an array of one or more whole numbers from 0 to ${MAX_ARRAY_INDEX}`,
};

const ARRAY_RULES = { indices: indexList, from: index, to: index, concurrency: count, maxFails: count };

/** The indices of an array. @throws invalid_usage naming the option */
export function readIndices(array: ArrayOptions): number[] {
  checkOptions(CALL, array, ARRAY_RULES);
  const { indices, from, to } = array;
  if (indices !== undefined && from === undefined && to === undefined)
    return expandRanges(indices.map((each) => ({ from: each, to: each, step: 1 })));
  if (indices !== undefined || from === undefined || to === undefined || to < from)
    throw usage(
      `${CALL} cannot tell which indices the array has`,
      "Give indices, or from and to, which is not before it.",
    );
  return expandRanges([{ from, to, step: 1 }]);
}
