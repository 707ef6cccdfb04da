import type { PriorityInput } from '../../streams/event/priority.ts';

/** What a bus knows of a subscription: of this run, and with a store of runs before. */
export interface SubscriptionRecord {
  /** Made when it first came, and kept. */
  readonly id: string;
  readonly name: string;
  readonly patterns: readonly string[];
  /** Its filter as data; the word `function` for each that is one. Undefined where there is none. */
  readonly filter: unknown;
  /** The least urgent priority that it wants. */
  readonly minPriority: PriorityInput;
  /** When it first came, milliseconds since the epoch. */
  readonly createdAt: number;
  /** When it was last given an event; undefined before the first. */
  readonly lastDeliveredAt: number | undefined;
  /** Handler calls, of all runs. */
  readonly deliveries: number;
  /** Calls that failed, of all runs. */
  readonly errors: number;
  readonly paused: boolean;
  /** Whether it is subscribed now, in this run. */
  readonly active: boolean;
  /** Whether its place is kept under its name. */
  readonly durable: boolean;
}
