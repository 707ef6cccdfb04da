import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, TransportError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Random } from '../../streams/event/random.ts';
import type { LogRecord } from '../event-log.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { Logger } from '../logger.ts';
import type { StartFrom } from '../start-from.ts';
import type { Store } from '../store.ts';
import { BridgePlace } from './bridge-place.ts';
import type { BridgeRecord } from './bridge-record.ts';
import type { BridgeStatus } from './bridge-status.ts';
import { Doze } from './doze.ts';
import type { Outlet } from './outlet.ts';
import { planWave, possibleIds, type WaveMessage, waveMessage } from './plan-wave.ts';
import { Wave } from './wave.ts';
import { WaveSource } from './wave-source.ts';

export interface BridgeConfig {
  readonly name: string;
  readonly patterns: readonly (string | GlobPattern)[];
  /** Where one begins that has no place yet. */
  readonly from: StartFrom;
}

export interface BridgePorts {
  readonly store: Store;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Keeps an event that cannot go over, once; resolves when it is kept. */
  readonly giveUp: (event: EventEnvelope, position: number, error: Error) => Promise<void>;
}

/** Milliseconds before what failed is tried again: at first, and at most. */
const firstDelayMs = 50;
const longestDelayMs = 2_000;
/** Milliseconds that a close waits for the answers to what is under way. */
const lastAnswersMs = 1_000;

/**
 * Takes the events of a log over to the other side, wave by wave.
 *
 *     read ─► say so in the store ─► send ─► read … ─► say in the store how far
 *      ▲                              │ something went wrong
 *      └── look which are there ◄─────┘ (and after a crash)
 *
 * The invariant: before anything of a wave is sent, the store says which positions it holds, and where the stream on the
 * other side ended. So whatever happens, what may be there already is looked for behind that end, and is not sent again.
 */
export class BridgeRun {
  readonly #config: BridgeConfig;
  readonly #ports: BridgePorts;
  readonly #source: WaveSource;
  readonly #place: BridgePlace;
  readonly #doze: Doze;
  readonly #throttle: LogThrottle;
  readonly #leave: readonly (() => void)[];
  readonly #counts = { forwarded: 0, found: 0, deadLettered: 0, lost: 0 };
  #forwardedAt: number | undefined;
  /** The highest position that is known to be in the log. */
  #last = 0;
  #reason: string | undefined;
  #wave: Wave | undefined;
  #draining: { readonly upTo: number; readonly done: () => void }[] = [];
  readonly #running: Promise<void>;
  readonly #whenClosed: Promise<void>;
  #closed = (): void => {};
  #closing = false;
  #ended: Promise<void> | undefined;

  constructor(config: BridgeConfig, ports: BridgePorts) {
    this.#config = config;
    this.#ports = ports;
    const { store, clock } = ports;
    this.#source = new WaveSource(store.log, config.patterns);
    this.#place = new BridgePlace(store, config.name, config.from);
    this.#doze = new Doze(clock);
    this.#throttle = new LogThrottle(clock);
    this.#whenClosed = new Promise((resolve) => (this.#closed = resolve));
    const unwatch = store.log.watch((first, events) => {
      this.#last = Math.max(this.#last, first + events.length - 1);
      this.#doze.wake();
    });
    const unprotect = store.protect?.(async () => (await this.#place.load()).position + 1);
    this.#leave = unprotect === undefined ? [unwatch] : [unwatch, unprotect];
    this.#running = this.#work();
  }

  status(): BridgeStatus {
    const position = this.#place.position ?? 0;
    const open = this.#reason === undefined ? 'up' : 'stuck';
    return {
      state: this.#closing ? 'closed' : this.#ports.outlet.isUp ? open : 'away',
      reason: this.#reason,
      position,
      lag: Math.max(0, this.#last - position),
      ...this.#counts,
      forwardedAt: this.#forwardedAt,
    };
  }

  /** Resolves when all is over that the log holds now. @throws ClosedError when it is closed before */
  async drained(): Promise<void> {
    const { last } = await this.#ports.store.log.bounds();
    const { position = -1 } = this.#place;
    if (position >= last) return;
    const over = new Promise<void>((done) => this.#draining.push({ upTo: last, done }));
    await Promise.race([over, this.#untilClosed()]);
  }

  /** Sends one event past the log, until it is there. @throws what it cannot be sent for; ClosedError */
  async sendAlone(event: EventEnvelope): Promise<void> {
    const { outlet, clock } = this.#ports;
    const message = waveMessage(outlet.subjectOf(event), [{ position: 0, event, appendedAt: 0 }]);
    for (let failures = 0; !this.#closing; failures += 1) {
      const answer = await outlet
        .ready()
        .then(() => outlet.send(message))
        .catch((error: unknown) => ({ kind: 'refused', why: describeError(error) }) as const);
      if (answer.kind === 'stored') return;
      if (answer.kind === 'impossible') throw answer.error;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, this.#delayMs(failures), true));
    }
    await this.#untilClosed();
  }

  /** Ends it; what is under way is looked for by the next of its name. Idempotent. */
  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#closing = true;
    this.#wave?.stop();
    this.#doze.end();
    this.#closed();
    const { clock, outlet } = this.#ports;
    let timer: TimerHandle;
    const limit = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, lastAnswersMs);
    });
    await Promise.race([this.#running, limit]);
    clock.clearTimeout(timer);
    // What has no answer by now has none.
    await outlet.close();
    await this.#running;
    for (const leave of this.#leave) leave();
  }

  async #work(): Promise<void> {
    for (let failures = 0; !this.#closing;) {
      try {
        await this.#round();
        failures = 0;
      } catch (error) {
        this.#trouble(error);
        await this.#doze.wait(this.#delayMs(failures));
        failures += 1;
      }
    }
    // Should this fail, the next one looks for what is there.
    await this.#place.keep().catch(() => {});
  }

  async #round(): Promise<void> {
    if (this.#place.position === undefined) await this.#begin();
    const record = await this.#place.load();
    const { records, to, faults } = await this.#source.read(record.position, record.wave?.to);
    if (records.length > 0) await this.#deliver(records, to, record);
    this.#counts.lost += faults;
    this.#reached(to);
    if (this.#last > to) return;
    await this.#place.keep();
    // Something may have come meanwhile.
    if (this.#last <= to) await this.#doze.wait();
  }

  async #begin(): Promise<void> {
    const { first, last } = await this.#ports.store.log.bounds();
    this.#last = Math.max(this.#last, last);
    const { position, wave } = await this.#place.load();
    // What the log has removed before it went over.
    this.#counts.lost += Math.max(0, first - 1 - (wave?.to ?? position));
  }

  async #deliver(records: readonly LogRecord[], to: number, before: BridgeRecord): Promise<void> {
    const { outlet } = this.#ports;
    const now = await outlet.ready();
    const messages = planWave(records, outlet.subjectOf, outlet.maxEvents);
    const wave = new Wave(messages, { outlet, giveUp: this.#giveUp, stored: this.#stored });
    if (before.wave === undefined)
      await this.#place.save({ position: before.position, wave: { to, end: now } });
    else wave.learn(await outlet.find(new Set(messages.flatMap(possibleIds)), before.wave.end));
    this.#wave = wave;
    if (this.#closing) wave.stop();
    const why = await wave.run();
    this.#wave = undefined;
    if (!wave.done) throw new TransportError(why ?? 'it was stopped');
  }

  readonly #stored = ({ records }: WaveMessage, before: boolean): void => {
    this.#counts.forwarded += records.length;
    if (before) this.#counts.found += records.length;
    this.#forwardedAt = this.#ports.clock.now();
  };

  readonly #giveUp = async ({ event, position }: LogRecord, error: Error): Promise<void> => {
    // Where the dead letters are full it waits for room, and says so meanwhile.
    this.#reason = `event ${event.id} is given up, and waits for room among the dead letters: ${describeError(error)}`;
    await Promise.race([this.#ports.giveUp(event, position, error), this.#untilClosed()]);
    this.#reason = undefined;
    this.#counts.deadLettered += 1;
  };

  #reached(position: number): void {
    this.#place.reach(position);
    this.#reason = undefined;
    const draining = this.#draining;
    this.#draining = draining.filter(({ upTo }) => upTo > position);
    for (const { upTo, done } of draining) if (upTo <= position) done();
  }

  #trouble(error: unknown): void {
    if (this.#closing) return;
    this.#reason = describeError(error);
    const withheld = this.#throttle.pass();
    if (withheld === undefined) return;
    const { name: bridge } = this.#config;
    this.#ports.logger.warn({ bridge, error, withheld }, `the bridge ${bridge} waits: ${this.#reason}`);
  }

  #delayMs(failures: number): number {
    const full = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures, 10));
    return full * (0.5 + this.#ports.random() / 2);
  }

  async #untilClosed(): Promise<never> {
    await this.#whenClosed;
    throw new ClosedError(`the bridge ${this.#config.name} is closed`);
  }
}
