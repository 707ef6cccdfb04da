import type { HandlerContext } from '../../actors/handler.ts';
import type { BusOptions } from '../bus-options.ts';
import type { SubscriberOptions } from '../options.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import type { BusCommand, ProbePlan } from './bus-command.ts';
import { performDeed } from './handler-script.ts';
import type { Interleaving } from './interleaving.ts';
import { createTestBus } from './create-test-bus.ts';
import type { TestBus } from './test-bus.ts';
import { probe, probeData, type ProbeData } from './probe.ts';

/** The bus that a law judges: options for it, or what makes them anew for each case. */
export type BusUnderTest = BusOptions | (() => BusOptions);

/** What happened to a bus, and what decided the rest. */
export interface BusHistory {
  readonly commands: readonly BusCommand[];
  readonly seed?: number;
  readonly interleaving?: Interleaving;
  readonly subscriber?: SubscriberOptions;
}

/** What was seen of a handler call. */
export interface Moment {
  readonly what: 'start' | 'end';
  readonly n: number;
  readonly attempt: number;
  readonly at: number;
  /** Of an end: whether the handler succeeded. */
  readonly ok: boolean;
}

/** An event of a run: how it was published, and what became of its publish; `cut`: its process crashed meanwhile. */
export interface Probed extends ProbePlan {
  publish: 'pending' | 'resolved' | 'failed' | 'cut';
}

/** Milliseconds that a call may take in the runs of laws. */
export const probeTimeoutMs = 400;

/** Longer than all retries and timeouts of any script together. */
export const probeRestMs = 60_000;

const aDayMs = 86_400_000;

/** A bus that runs a history, and a record of what its handlers did. */
export class ProbeRun {
  readonly bus: TestBus;
  readonly events: Probed[] = [];
  readonly moments: Moment[] = [];
  readonly #name = 'probed';
  readonly #options: SubscriberOptions;

  constructor(
    under: BusUnderTest,
    { seed = 1, interleaving, subscriber = {} }: Omit<BusHistory, 'commands'>,
  ) {
    this.#options = { timeoutMs: probeTimeoutMs, breaker: false, ...subscriber };
    this.bus = createTestBus({
      heartbeatMs: aDayMs,
      ...(typeof under === 'function' ? under() : under),
      seed,
      ...(interleaving !== undefined && { interleaving }),
      setup: (bus) => this.subscribe(this.#name, this.#options, this.moments, bus),
    });
  }

  get subscription(): Subscription {
    const subscription = this.bus.subscription(this.#name);
    if (subscription === undefined) throw new TypeError('the probed subscriber is gone');
    return subscription;
  }

  /** Adds a subscriber whose handler does what each event says. */
  subscribe(name: string, options: SubscriberOptions, moments: Moment[], bus = this.bus): Subscription {
    return bus.subscribe(
      probe,
      (event, context) => {
        const note = (what: Moment['what'], ok = false): void => {
          const at = bus.clock.monotonic();
          moments.push({ what, n: event.data.n, attempt: context.attempt, at, ok });
        };
        return noted(note, context, () => performDeed(event.data, context.attempt, bus.clock));
      },
      { ...(options as object), name },
    );
  }

  async run(commands: readonly BusCommand[]): Promise<void> {
    for (const command of commands) await this.do(command);
  }

  /** Ends every pause and lets all that can happen happen. */
  async rest(): Promise<void> {
    this.bus.subscription(this.#name)?.resume();
    await this.bus.advanceBy(probeRestMs);
  }

  async do(command: BusCommand): Promise<void> {
    const { bus } = this;
    const probed = bus.subscription(this.#name);
    switch (command.do) {
      case 'publish':
        this.publish(command.plan);
        break;
      case 'batch':
        this.#batch(command.plans);
        break;
      case 'advance':
        await bus.advanceBy(command.ms);
        break;
      case 'pause':
        probed?.pause();
        break;
      case 'resume':
        probed?.resume();
        break;
      case 'drain':
        // One that is paused would never be empty.
        probed?.resume();
        if (probed !== undefined) await bus.until(probed.drain(), { withinMs: aDayMs });
        break;
      case 'subscribe':
        if (bus.subscription('other') === undefined) this.subscribe('other', this.#options, []);
        break;
      case 'unsubscribe':
        await bus.until(bus.subscription('other')?.unsubscribe() ?? Promise.resolve());
        break;
      case 'close':
        await bus.close({ deadlineMs: probeRestMs });
        break;
      case 'crash':
      case 'restart':
        // A publish whose answer is under way is answered first: in a moment it would be known.
        await bus.advanceBy(0);
        for (const event of this.events) if (event.publish === 'pending') event.publish = 'cut';
        bus.restart();
    }
  }

  publish(plan: ProbePlan): void {
    const { key, priority } = plan;
    const [event, data] = this.#probed(plan);
    this.bus.publish(probe, data, { priority, ...(key !== undefined && { key }) }).then(
      () => (event.publish = 'resolved'),
      () => (event.publish = 'failed'),
    );
  }

  #batch(plans: readonly ProbePlan[]): void {
    const events = plans.map((plan) => this.#probed(plan));
    const drafts = events.map(([{ key, priority }, data]) =>
      probe(data, { priority, ...(key !== undefined && { key }) }),
    );
    const became = (state: Probed['publish']) => (): void => {
      for (const [event] of events) event.publish = state;
    };
    this.bus.publishBatch(drafts).then(became('resolved'), became('failed'));
  }

  #probed(plan: ProbePlan): readonly [Probed, ProbeData] {
    const event: Probed = { ...plan, publish: 'pending' };
    this.events.push(event);
    return [event, { n: this.events.length - 1, ...plan.script }];
  }

  /** Numbers of the events that were given up, at the probed subscriber. */
  deadLetters(): number[] {
    return this.bus.deadLetters.list({ subscriber: this.#name }).map(({ event }) => probeData(event).n);
  }

  /** Numbers of the events that the probed subscriber dropped, by its policy or as it stopped. */
  dropped(): number[] {
    const numbers = new Map(
      this.bus.publishedEvents(probe.type).map((event) => [event.id, probeData(event).n]),
    );
    return this.bus.timeline.flatMap(({ what, subscriber, eventId = '' }) => {
      const n = numbers.get(eventId);
      return what === 'dropped' && subscriber === this.#name && n !== undefined ? [n] : [];
    });
  }
}

/** Calls a handler and notes its start and its end: at its timeout, where it has one. */
function noted(
  note: (what: Moment['what'], ok?: boolean) => void,
  { signal }: HandlerContext,
  call: () => unknown,
): unknown {
  note('start');
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    note('end');
    throw error;
  }
  if (!(result instanceof Promise)) {
    note('end', true);
    return undefined;
  }
  signal.addEventListener('abort', () => note('end'));
  return following(result, signal, note);
}

async function following(
  result: Promise<unknown>,
  signal: AbortSignal,
  note: (what: Moment['what'], ok?: boolean) => void,
): Promise<void> {
  try {
    await result;
  } catch (error) {
    if (!signal.aborted) note('end');
    throw error;
  }
  if (!signal.aborted) note('end', true);
}
