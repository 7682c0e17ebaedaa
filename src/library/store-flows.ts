import { getFlow, requireFlow } from "../queue/find-flow.ts";
import type { FlowContext } from "../queue/flow/check-job.ts";
import { parseFlow } from "../queue/flow/parse-flow.ts";
import { cancelFlow, listFlows, readFlow, readSteps, retryFlow, startFlow } from "../queue/flow.ts";
import { checkId, checkOptions, idText, wholeNumber } from "./check-options.ts";
import type { Flow, FlowDetails, FlowInput, FlowOptions, Flows, ListFlowsOptions } from "./flows.ts";
import { readFlowInput, toFlow, toFlowDetails } from "./map-flow.ts";
import type { QueueParts } from "./queue-parts.ts";

/** The part of a queue that is about its flows. */
export class StoreFlows implements Flows {
  readonly #parts: QueueParts;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  run(flow: FlowInput | string, options: FlowOptions = {}): Promise<Flow> {
    return this.#parts.use(async () => {
      checkOptions("queue.flows.run", options, { id: idText });
      const context: FlowContext = { cwd: process.cwd(), now: Date.now(), id: options.id };
      const checked =
        typeof flow === "string" ? await parseFlow(flow, "flow", context) : readFlowInput(flow, context);
      const maxRetries = await this.#parts.maxRetries();
      const id = await startFlow(this.#parts.store, checked, { ...context, maxRetries });
      return toFlow(await readFlow(this.#parts.store, await requireFlow(this.#parts.store, id)));
    });
  }

  list(options: ListFlowsOptions = {}): Promise<Flow[]> {
    return this.#parts.use(async () => {
      checkOptions("queue.flows.list", options, { newest: wholeNumber(1, Number.MAX_SAFE_INTEGER) });
      return await Array.fromAsync(listFlows(this.#parts.store, { newest: options.newest }), toFlow);
    });
  }

  get(id: string): Promise<FlowDetails | undefined> {
    return this.#parts.use(async () => {
      checkId("queue.flows.get", id, "flow");
      const group = await getFlow(this.#parts.store, id);
      return group && toFlowDetails(await readSteps(this.#parts.store, group));
    });
  }

  cancel(id: string): Promise<void> {
    return this.#parts.use(async () => {
      checkId("queue.flows.cancel", id, "flow");
      await cancelFlow(this.#parts.store, id, Date.now());
    });
  }

  retry(id: string): Promise<void> {
    return this.#parts.use(async () => {
      checkId("queue.flows.retry", id, "flow");
      await retryFlow(this.#parts.store, id, Date.now());
    });
  }
}
