import { Observable } from 'rxjs';
import type { Handler, HandlerContext } from '../../actors/handler.ts';
import type { HandlerCall } from '../../actors/handler-call.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import type { LogRange, LogRecord } from '../event-log.ts';
import { neededLog } from '../needed-store.ts';
import { checkInteger, checkNumber } from '../options.ts';
import { ReplayCall, suppressedPublish } from './replay-call.ts';
import type { Replay, ReplayOptions, ReplayProgress } from './replay.ts';
import { ReplayRun, type ReplayPlan } from './replay-run.ts';
import { checkHandler } from '../subscriptions/resolve-subscriber.ts';
import { subscribedPatterns } from '../subscriptions/subscribed-patterns.ts';
import type { Transport } from '../transport/transport.ts';

const names: OptionNames<ReplayOptions> = {
  from: true,
  to: true,
  since: true,
  until: true,
  key: true,
  correlationId: true,
  patterns: true,
  speed: true,
  pace: true,
  into: true,
  sideEffects: true,
  faults: true,
};

export interface ReplaysPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly registry: EventRegistry;
  readonly factory: EventFactory;
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  /** The handler of a subscriber, middleware around it. */
  readonly handlerOf: (subscriber: string) => Handler | undefined;
  readonly publishFrom: (call: HandlerCall) => HandlerContext['publish'];
}

const notBegun: ReplayProgress = { position: 0, emitted: 0, faults: 0, from: 0, to: 0, share: 0 };

/** The replays of a bus: makes them, and ends them with it. */
export class Replays {
  readonly #ports: ReplaysPorts;
  readonly #running = new Set<() => void>();
  #closed = false;

  constructor(ports: ReplaysPorts) {
    this.#ports = ports;
  }

  /** @throws TypeError or RangeError that names the option and the value, or the store that is missing. */
  replay(options: ReplayOptions): Replay {
    checkOptions('replay', options, names);
    const log = neededLog(this.#ports.transport, 'replay');
    const { clock, lift } = this.#ports;
    const plan = this.#plan(options);
    const runs = new Set<ReplayRun>();
    let latest: ReplayRun | undefined;
    let paused = false;
    const records = new Observable<LogRecord>((output) => {
      if (this.#closed) throw new ClosedError('the bus is closed; nothing can be replayed');
      const { handle, ended } = this.#handling(options);
      const run = new ReplayRun({ ...plan, handle }, { log, clock, lift }, output, paused);
      latest = run;
      runs.add(run);
      const stop = (): void => output.complete();
      this.#running.add(stop);
      output.add(() => {
        run.end();
        ended();
        runs.delete(run);
        this.#running.delete(stop);
      });
      run.start();
    });
    const controls = {
      pause(this: void): void {
        paused = true;
        for (const run of runs) run.pause();
      },
      resume(this: void): void {
        paused = false;
        for (const run of runs) run.resume();
      },
      progress: (): ReplayProgress => latest?.progress() ?? notBegun,
    };
    const isPaused = { get: (): boolean => paused, enumerable: true };
    return Object.defineProperty(Object.assign(records, controls, { paused }), 'paused', isPaused);
  }

  /** Ends all that run: they complete. */
  close(): void {
    this.#closed = true;
    for (const stop of this.#running) stop();
  }

  #plan(options: ReplayOptions): Omit<ReplayPlan, 'handle'> {
    const { patterns, speed, pace = 'appended', faults, into: _into, sideEffects, ...given } = options;
    checkChoice('pace', pace, ['appended', 'time']);
    if (speed !== undefined && speed !== 'original') checkNumber('speed', speed, Number.MIN_VALUE);
    if (sideEffects !== undefined && typeof sideEffects !== 'boolean') {
      throw new TypeError(`sideEffects must be true or false, got ${describeValue(sideEffects)}`);
    }
    for (const name of ['from', 'to'] as const) {
      if (given[name] !== undefined) checkInteger(name, given[name], 1, Number.MAX_SAFE_INTEGER);
    }
    const range: LogRange =
      patterns === undefined
        ? given
        : { ...given, patterns: subscribedPatterns('replay', patterns, this.#ports.registry) };
    return {
      range,
      speed: speed === undefined ? Infinity : speed === 'original' ? 1 : speed,
      byEventTime: pace === 'time',
      faults,
    };
  }

  /** What each record is handled with, and what ends that. */
  #handling({
    into,
    sideEffects = false,
  }: ReplayOptions): Pick<ReplayPlan, 'handle'> & { readonly ended: () => void } {
    if (into === undefined) return { handle: undefined, ended: () => {} };
    const { factory, publishFrom, clock } = this.#ports;
    const handler = this.#handler(into);
    const owner = {
      name: typeof into === 'string' ? into : 'replay',
      publishFrom: (call: HandlerCall) =>
        sideEffects ? publishFrom(call) : suppressedPublish(factory, call),
    };
    let running: ReplayCall | undefined;
    const done = async (result: PromiseLike<unknown>): Promise<void> => {
      await result;
      running = undefined;
    };
    return {
      handle: (record) => {
        const call = new ReplayCall(record, owner, clock.monotonic());
        const result = handler(record.event, call);
        if (!isThenable(result)) return undefined;
        running = call;
        return done(result);
      },
      ended: () => running?.abort(new ClosedError('the replay has ended')),
    };
  }

  #handler(into: Handler | string): Handler {
    if (typeof into !== 'string') return checkHandler('into', into);
    const handler = this.#ports.handlerOf(into);
    if (handler !== undefined) return handler;
    throw new TypeError(
      `no subscriber is named ${describeValue(into)}; into takes one of this bus, or a handler`,
    );
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
