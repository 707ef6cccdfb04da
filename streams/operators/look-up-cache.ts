import type { Clock } from '../event/clock.ts';

export interface LookUpCacheOptions {
  readonly maxEntries: number;
  readonly ttlMs: number;
  /** Absent: entries do not age. */
  readonly clock: Clock | undefined;
}

/** An entry: what was found, or what will have been found. */
export interface LookUpEntry<Found> {
  readonly found: Found | Promise<Found>;
  readonly at: number;
}

/**
 * What look-ups have found, the latest used `maxEntries` of it, and those that run.
 *
 * A look-up that runs is known besides, whatever the bound: there are no more of those than values at
 * work. One that fails is forgotten, so that the next value of its key tries again.
 */
export class LookUpCache<Key, Found> {
  readonly #options: LookUpCacheOptions;
  /** In the order of their use: a map keeps the order in which keys were added. */
  readonly #entries = new Map<Key, LookUpEntry<Found>>();
  readonly #running = new Map<Key, LookUpEntry<Found>>();

  constructor(options: LookUpCacheOptions) {
    this.#options = options;
  }

  get(key: Key): LookUpEntry<Found> | undefined {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#now() - entry.at >= this.#options.ttlMs) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  /** Remembers what a look-up gave, once it is there; gives it back, a foreign thenable as a promise. */
  put(key: Key, result: Found | PromiseLike<Found>): Found | Promise<Found> {
    if (!isThenable(result)) {
      this.#store(key, result);
      return result;
    }
    const promise = Promise.resolve(result);
    this.#running.set(key, { found: promise, at: 0 });
    const ended = (): boolean => this.#running.delete(key);
    void promise.then((found) => ended() && this.#store(key, found), ended);
    return promise;
  }

  #store(key: Key, found: Found): void {
    const { maxEntries } = this.#options;
    if (maxEntries === 0) return;
    if (this.#entries.size >= maxEntries) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest as Key);
    }
    this.#entries.set(key, { found, at: this.#now() });
  }

  #now(): number {
    return this.#options.clock === undefined ? 0 : this.#options.clock.monotonic();
  }
}

function isThenable<Found>(value: Found | PromiseLike<Found>): value is PromiseLike<Found> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
