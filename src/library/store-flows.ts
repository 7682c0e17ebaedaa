import { resolveSetting, type SettingSources } from "../config/resolve.ts";
import { getFlow, requireFlow } from "../queue/find-flow.ts";
import type { FlowContext } from "../queue/flow/check-job.ts";
import { parseFlow } from "../queue/flow/parse-flow.ts";
import { cancelFlow, listFlows, readFlow, readSteps, retryFlow, startFlow } from "../queue/flow.ts";
import type { Store } from "../store/store.ts";
import { checkId, checkOptions, queueName, wholeNumber } from "./check-options.ts";
import type { Flow, FlowDetails, FlowInput, FlowOptions, Flows, ListFlowsOptions } from "./flows.ts";
import { readFlowInput, toFlow, toFlowDetails } from "./map-flow.ts";

/** The part of a queue that is about its flows. */
export class StoreFlows implements Flows {
  readonly #store: Store;
  readonly #given: Omit<SettingSources, "store">;
  readonly #use: <T>(work: () => Promise<T>) => Promise<T>;

  /**
   * @param given the settings of this process, from outside the store
   * @param use runs a method's work, unless the queue is closed
   */
  constructor(
    store: Store,
    given: Omit<SettingSources, "store">,
    use: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    this.#store = store;
    this.#given = given;
    this.#use = use;
  }

  run(flow: FlowInput | string, options: FlowOptions = {}): Promise<Flow> {
    return this.#use(async () => {
      checkOptions("queue.flows.run", options, { id: queueName });
      const context: FlowContext = { cwd: process.cwd(), now: Date.now(), id: options.id };
      const checked =
        typeof flow === "string" ? await parseFlow(flow, "flow", context) : readFlowInput(flow, context);
      const settings = { ...this.#given, store: await this.#store.readSettings() };
      const maxRetries = resolveSetting("max-retries", settings).value as number;
      const id = await startFlow(this.#store, checked, { ...context, maxRetries });
      return toFlow(await readFlow(this.#store, await requireFlow(this.#store, id)));
    });
  }

  list(options: ListFlowsOptions = {}): Promise<Flow[]> {
    return this.#use(async () => {
      checkOptions("queue.flows.list", options, { newest: wholeNumber(1, Number.MAX_SAFE_INTEGER) });
      return await Array.fromAsync(listFlows(this.#store, options.newest), toFlow);
    });
  }

  get(id: string): Promise<FlowDetails | undefined> {
    return this.#use(async () => {
      checkId("queue.flows.get", id);
      const group = await getFlow(this.#store, id);
      return group && toFlowDetails(await readSteps(this.#store, group));
    });
  }

  cancel(id: string): Promise<void> {
    return this.#use(async () => {
      checkId("queue.flows.cancel", id);
      await cancelFlow(this.#store, id, Date.now());
    });
  }

  retry(id: string): Promise<void> {
    return this.#use(async () => {
      checkId("queue.flows.retry", id);
      await retryFlow(this.#store, id, Date.now());
    });
  }
}
