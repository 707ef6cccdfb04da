import type { SchedulerLike } from 'rxjs';
import type { HandlerContext } from '../../actors/handler.ts';
import type { EventFields } from '../../streams/event/define-event.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import { matches } from '../../streams/event/pattern.ts';
import type { Random } from '../../streams/event/random.ts';
import { clockScheduler } from '../../streams/operators/clock-scheduler.ts';
import type { BusOptions } from '../bus-options.ts';
import type { Bus } from '../bus.ts';
import { createBus } from '../create-bus.ts';
import type { Logger } from '../logger.ts';
import type { Middleware } from '../middleware.ts';
import { memoryTransport } from '../transport/memory.ts';
import type { EventStream } from './event-stream.ts';
import { chooserOf } from './interleaving.ts';
import { createProcessClock, type ProcessClock } from './process-clock.ts';
import { recordSubscription } from './record-subscription.ts';
import { recordedTransport } from './recorded-transport.ts';
import { seededRandom } from './seeded-random.ts';
import type { TestBus, TestBusOptions } from './test-bus.ts';
import { Timeline } from './timeline.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** One life of the process: a bus and what it stands on. */
interface Process {
  readonly bus: Bus;
  readonly clock: ProcessClock;
  readonly scheduler: SchedulerLike;
  alive: boolean;
}

const anHour = 3_600_000;

/** The world of one test bus: its clock, its randomness, its record, and the process that lives in it. */
export class TestWorld {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #options: Omit<BusOptions, 'clock' | 'random'>;
  readonly #interleaved: boolean;
  readonly #setup: ((bus: TestBus) => unknown) | undefined;
  readonly #published: EventEnvelope[] = [];
  #face: TestBus | undefined;
  #process: Process | undefined;

  constructor({ seed = 1, now, interleaving, setup, ...options }: TestBusOptions) {
    this.seed = seed;
    this.#clock = createVirtualClock({
      ...(now !== undefined && { now }),
      ...(interleaving !== undefined && { choose: chooserOf(interleaving) }),
      onTimer: (at) => this.timeline.timer(at),
    });
    this.timeline = new Timeline(() => this.#clock.monotonic());
    this.#random = seededRandom(seed);
    this.#options = options;
    this.#interleaved = interleaving !== undefined;
    this.#setup = setup;
  }

  /** The process of now, or the last one that lived. */
  get process(): Process {
    if (this.#process === undefined)
      throw new TypeError('the test bus is not made yet: setup is given the bus');
    return this.#process;
  }

  /** The bus of the living process. */
  get bus(): Bus {
    if (!this.process.alive)
      throw new ClosedError('the process of this test bus has crashed; call restart() first');
    return this.process.bus;
  }

  /** Starts the process; `face` is what its `setup` is given. */
  start(face: TestBus): void {
    this.#face = face;
    this.#process = this.#born();
    this.#setup?.(face);
  }

  readonly advanceBy = (ms: number): Promise<void> => this.#clock.advanceBy(ms);

  readonly until = async <T>(
    promise: Promise<T>,
    { withinMs = anHour }: { readonly withinMs?: number } = {},
  ): Promise<T> => {
    let settled = false;
    const noticed = (): void => {
      settled = true;
    };
    promise.then(noticed, noticed);
    const end = this.#clock.monotonic() + withinMs;
    await this.#clock.flush();
    while (!settled && (await this.#clock.advanceToNext(end - this.#clock.monotonic())));
    if (settled) return promise;
    throw new Error(
      `it has not settled within ${withinMs} ms of virtual time; what happened last:\n${this.timeline.text(20)}`,
    );
  };

  readonly settle = (options?: { readonly withinMs?: number }): Promise<void> =>
    this.until(this.bus.idle(), options);

  readonly play = async (stream: EventStream): Promise<void> => {
    for (const { afterMs, type, data, lateByMs = 0, ...rest } of stream) {
      if (afterMs > 0) await this.#clock.advanceBy(afterMs);
      const fields: EventFields = { ...rest, time: this.#clock.now() - lateByMs };
      this.bus.emit(type, data, fields);
    }
    await this.#clock.flush();
  };

  readonly crash = (): void => {
    const { process } = this;
    if (!process.alive) return;
    process.alive = false;
    process.clock.kill();
    this.timeline.add({ what: 'crashed' });
  };

  readonly restart = (): void => {
    this.crash();
    this.timeline.add({ what: 'restarted' });
    if (this.#face !== undefined) this.start(this.#face);
  };

  readonly publishedEvents = (pattern = '>'): EventEnvelope[] =>
    this.#published.filter(({ type }) => matches(pattern, type));

  #born(): Process {
    const clock = createProcessClock(this.#clock);
    const {
      transport = memoryTransport(),
      middleware = [],
      logger = this.#logger(),
      ...rest
    } = this.#options;
    const inner = createBus({
      ...rest,
      clock,
      random: this.#random,
      logger,
      transport: recordedTransport(transport, {
        timeline: this.timeline,
        onPublished: (event) => this.#published.push(event),
        alive: () => process.alive,
      }),
      middleware: [this.#recordStart, ...(this.#interleaved ? [endsInAnyOrder(clock)] : []), ...middleware],
    });
    const process: Process = {
      bus: this.#recorded(inner, () => process.alive),
      clock,
      scheduler: clockScheduler(clock),
      alive: true,
    };
    return process;
  }

  /** The bus, with its subscriptions on the record, and a `close` that moves time on. */
  #recorded(inner: Bus, alive: () => boolean): Bus {
    const watch = (name: string): void => {
      const subscription = inner.subscription(name);
      if (subscription !== undefined) recordSubscription(subscription, this.timeline, alive);
    };
    inner.deadLetters.added$.subscribe(({ event, subscriber, reason }) => {
      if (alive())
        this.timeline.add({ what: 'dead-lettered', eventId: event.id, subscriber, detail: reason });
    });
    const close: Bus['close'] = (options) => this.until(inner.close(options));
    return {
      ...inner,
      subscribe: (...args) => {
        const subscription = inner.subscribe(...args);
        watch(subscription.name);
        return subscription;
      },
      discoverHandlers: async (folder) => {
        const report = await inner.discoverHandlers(folder);
        for (const { name } of report.found) watch(name);
        return report;
      },
      close,
      [Symbol.asyncDispose]: async () => void (await close()),
    };
  }

  readonly #recordStart: Middleware = (event, context: HandlerContext, next) => {
    const { subscriber, attempt } = context;
    this.timeline.add({ what: 'started', eventId: event.id, subscriber, attempt });
    return next();
  };

  #logger(): Logger {
    const warn = (_fields: object, message: string): void =>
      this.timeline.add({ what: 'warned', note: message });
    return { debug() {}, info() {}, warn, error: warn };
  }
}

/** Lets an asynchronous handler end by a timer of 0 ms, so that the order of such ends is a choice. */
function endsInAnyOrder(clock: ProcessClock): Middleware {
  const turn = (): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, 0));
  return (_event, _context, next) => {
    const result: unknown = next();
    if (!(result instanceof Promise)) return result;
    const failed = async (error: unknown): Promise<never> => {
      await turn();
      throw error;
    };
    return result.then(turn, failed);
  };
}
