import { StorageError, TransportError, type EventEnvelope } from 'breakwater';
import { BridgeRun } from '../../src/bridge/bridge-run.ts';
import type { Outlet, OutletAnswer, OutletEnd, OutletMessage } from '../../src/bridge/outlet.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import type { Store } from '../../src/store.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { StoppableProcess } from './lease-world.ts';

/** What may become of a message on its way. */
export type Fate =
  | 'stored'
  /** It is stored, and the answer is lost. */
  | 'unanswered'
  /** It is stored some time after it was given up. */
  | 'late'
  | 'lost'
  | 'refused'
  | 'away';

export interface BridgeWorldOptions {
  /** Of each message in turn. */
  readonly fate: () => Fate;
  readonly delayMs: () => number;
  readonly maxEvents?: number;
  /** Ids are kept for so long on the other side. */
  readonly windowMs?: number;
}

const lateMs = 5_000;
const answerMs = 2_000;

/** A log, the stream on the other side, and bridges that are killed and started again between them. */
export class BridgeWorld {
  readonly clock: VirtualClock = createVirtualClock();
  readonly store: Store;
  readonly stored: OutletMessage[] = [];
  readonly letters: { readonly event: EventEnvelope; readonly position: number }[] = [];
  /** Where nothing goes wrong any more. */
  calm = false;
  /** Nothing reaches the other side. */
  away = false;
  /** The store takes no writes. */
  storeFails = false;
  lookups = 0;
  afterCommit = (): void => {};
  readonly #options: BridgeWorldOptions;
  readonly #ids = new Map<string, number>();
  #process: StoppableProcess | undefined;
  #stream = 'stream-1';
  #sequences: number[] = [];
  #run: BridgeRun | undefined;

  constructor(options: BridgeWorldOptions) {
    this.#options = options;
    this.store = memoryStore()({ clock: this.clock, random: () => 0.5 });
  }

  get run(): BridgeRun {
    if (this.#run === undefined) throw new Error('no bridge runs');
    return this.#run;
  }

  start(): void {
    const process = new StoppableProcess(this.clock);
    this.#process = process;
    const { store } = this;
    const dead = (): boolean => this.#process !== process;
    this.#run = new BridgeRun(
      { name: 'far', patterns: ['>'], from: 'start' },
      {
        clock: process.clock,
        random: () => 0.5,
        logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        outlet: this.#outlet(process),
        store: {
          ...store,
          log: store.log,
          snapshots: store.snapshots,
          commit: (commit) => {
            if (dead()) return new Promise(() => {});
            if (this.storeFails) throw new StorageError('the disk is full');
            const committed = store.commit(commit);
            this.afterCommit();
            return committed;
          },
        },
        giveUp: (event, position) => {
          if (dead()) return new Promise(() => {});
          if (!this.letters.some((letter) => letter.position === position)) {
            this.letters.push({ event, position });
          }
          return Promise.resolve();
        },
      },
    );
  }

  /** As `kill -9`: nothing that it does has any effect from now on; what it has sent may still come. */
  kill(): void {
    this.#process?.stop();
    this.#process = undefined;
  }

  /** The stream is deleted and made again. */
  recreate(): void {
    this.#stream += "'";
    this.stored.length = 0;
    this.#sequences = [];
    this.#ids.clear();
  }

  #outlet(process: StoppableProcess): Outlet {
    const { delayMs, fate, maxEvents = 4 } = this.#options;
    const answer = <T>(value: T, afterMs = delayMs()): Promise<T> =>
      new Promise((resolve) => process.clock.setTimeout(() => resolve(value), afterMs));
    const end = (): OutletEnd => ({ stream: this.#stream, sequence: this.#sequences.at(-1) ?? 0 });
    const isAway = (): boolean => this.away || (!this.calm && fate() === 'away');
    return {
      maxEvents,
      isUp: true,
      subjectOf: ({ type }) => type,
      ready: async () => {
        await answer(undefined);
        if (isAway()) throw new TransportError('the server is away');
        return end();
      },
      send: async (message): Promise<OutletAnswer> => {
        if (message.events.some(({ data }) => data === 'too large')) {
          return answer({ kind: 'impossible', error: new TransportError('too large') });
        }
        const what = this.away ? 'lost' : this.calm ? 'stored' : fate();
        if (what === 'refused') return answer({ kind: 'refused', why: 'the stream is full' });
        if (what === 'stored' || what === 'unanswered') this.#store(message);
        if (what === 'late') this.clock.setTimeout(() => this.#store(message), lateMs);
        if (what === 'stored') return answer({ kind: 'stored' });
        return answer({ kind: 'unknown', why: 'no answer' }, answerMs);
      },
      find: async (ids, { stream, sequence }) => {
        await answer(undefined);
        if (isAway()) throw new TransportError('the server is away');
        this.lookups += 1;
        const from = stream === this.#stream ? sequence : 0;
        const behind = this.stored.filter((_, at) => (this.#sequences[at] ?? 0) > from);
        return answer(new Set(behind.map(({ id }) => id).filter((id) => ids.has(id))));
      },
      close: () => Promise.resolve(),
    };
  }

  /** An id that came within the window is not stored again. */
  #store(message: OutletMessage): void {
    const { windowMs = 120_000 } = this.#options;
    const now = this.clock.monotonic();
    const before = this.#ids.get(message.id);
    if (before !== undefined && now - before < windowMs) return;
    this.#ids.set(message.id, now);
    this.stored.push(message);
    this.#sequences.push((this.#sequences.at(-1) ?? 0) + 1);
  }
}
