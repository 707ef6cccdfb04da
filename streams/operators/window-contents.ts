import type { AggregateSet } from '../aggregates/aggregate-set.ts';

/** What a window holds of one key. */
export interface WindowContent<K> {
  readonly key: K;
  slot: number;
  /** Whether `slot` is its own, not that of the only slice that has the key. */
  own: boolean;
}

/**
 * What one window holds of each key, merged from slices that go on being shared.
 *
 * Where `copies`, contents outlast what happens to the slices.
 */
export class WindowContents<K> {
  readonly #aggregates: Pick<AggregateSet<never, unknown>, 'open' | 'merge' | 'close'>;
  readonly #copies: boolean;
  readonly #all = new Map<K, WindowContent<K>>();

  constructor(aggregates: Pick<AggregateSet<never, unknown>, 'open' | 'merge' | 'close'>, copies = false) {
    this.#aggregates = aggregates;
    this.#copies = copies;
  }

  /** Adds what the slot of a slice has seen. */
  add(key: K, slot: number): void {
    const content = this.#all.get(key);
    if (content === undefined) {
      this.#all.set(key, { key, slot: this.#copies ? this.#copyOf(slot) : slot, own: this.#copies });
      return;
    }
    if (!content.own) {
      content.slot = this.#copyOf(content.slot);
      content.own = true;
    }
    this.#aggregates.merge(content.slot, slot);
  }

  get(key: K): WindowContent<K> | undefined {
    return this.#all.get(key);
  }

  values(): Iterable<WindowContent<K>> {
    return this.#all.values();
  }

  /** Gives back what is held for a content. */
  close({ slot, own }: WindowContent<K>): void {
    if (own) this.#aggregates.close(slot);
  }

  #copyOf(slot: number): number {
    const copy = this.#aggregates.open();
    this.#aggregates.merge(copy, slot);
    return copy;
  }
}
