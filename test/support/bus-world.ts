import {
  createBus,
  defineEvent,
  FatalError,
  RetryableError,
  type Bus,
  type BusOptions,
  type Logger,
} from 'breakwater';
import type { HandlerContext, Priority, SubscriberOptions, Subscription } from 'breakwater';
import { createVirtualClock, seededRandom, type VirtualClock } from 'breakwater/testing';
import { z } from 'zod';

/** What a handler does with an event at one attempt. */
export type Deed = 'ok' | 'later' | 'throw' | 'reject' | 'fatal' | 'hang' | 'retry-after';

/** One event to publish: where it goes and what its handlers do at attempt 1, 2, 3 and on. */
export interface Plan {
  readonly key: string | undefined;
  readonly priority: Priority;
  readonly deeds: readonly Deed[];
}

/** What was seen of a handler. */
export interface Moment {
  readonly what: 'start' | 'end';
  readonly subscriber: string;
  readonly n: number;
  readonly attempt: number;
  readonly at: number;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** An event whose handler behaves as it is told. */
export const task = defineEvent(
  'task.run',
  z.object({ n: z.number(), key: z.string().optional(), deeds: z.array(z.string()) }),
  { key: (data) => data.key },
);

/** Milliseconds after which a handler that hangs is given up. */
export const timeoutMs = 400;

/** A bus on a virtual clock, and a record of everything that its handlers did. */
export interface BusWorld {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly moments: Moment[];
  /** Numbers of the events whose publish has resolved, in that order. */
  readonly resolved: number[];
  subscribe(this: void, name: string, options?: SubscriberOptions): Subscription;
  publish(this: void, plan: Plan): number;
}

export function createBusWorld(options: BusOptions & { readonly seed?: number } = {}): BusWorld {
  const { seed = 1, ...rest } = options;
  const clock = createVirtualClock({ now: 1_700_000_000_000 });
  // A heartbeat a day: the long silences at the end of a run should cost no wake-ups.
  const bus = createBus({
    clock,
    random: seededRandom(seed),
    logger: silentLogger,
    heartbeatMs: 86_400_000,
    ...rest,
  });
  const moments: Moment[] = [];
  const resolved: number[] = [];
  let published = 0;

  const behave = async (deed: Deed, context: HandlerContext): Promise<void> => {
    switch (deed) {
      case 'later':
        return wait(clock, 10 + context.attempt);
      case 'reject':
        await wait(clock, 5);
        throw new Error('rejected late');
      case 'fatal':
        throw new FatalError('cannot be helped');
      case 'retry-after':
        throw new RetryableError('come back', { retryAfterMs: 30 });
      case 'hang':
        return new Promise(() => {});
      default:
    }
  };

  return {
    bus,
    clock,
    moments,
    resolved,
    subscribe(name, subscriberOptions = {}) {
      return bus.subscribe(
        task,
        (event, context) => {
          const { n, deeds } = event.data;
          const note = (what: Moment['what']): void => {
            moments.push({ what, subscriber: name, n, attempt: context.attempt, at: clock.monotonic() });
          };
          note('start');
          const deed = (deeds[Math.min(context.attempt, deeds.length) - 1] ?? 'ok') as Deed;
          if (deed === 'ok') return note('end');
          if (deed === 'throw') {
            note('end');
            throw new Error('thrown');
          }
          context.signal.addEventListener('abort', () => note('end'));
          return behave(deed, context).finally(() => {
            if (!context.signal.aborted) note('end');
          });
        },
        { name, timeoutMs, breaker: false, ...(subscriberOptions as object) },
      );
    },
    publish({ key, priority, deeds }) {
      const n = published;
      published += 1;
      bus.publish(task, { n, key, deeds: [...deeds] }, { priority }).then(
        () => resolved.push(n),
        () => {},
      );
      return n;
    },
  };
}

function wait(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
