import { describeValue } from './describe-value.ts';
import { compileGlob, coveringPattern, glob, isGlob, type GlobPattern } from './glob.ts';
import { PatternTrie, type TrieEntry } from './pattern-trie.ts';
import { checkSubscriptionPattern } from './subscription-pattern.ts';

export interface PatternIndexOptions {
  /** How many types to remember the answer for; beyond, all are forgotten and learned again. Default `8_192`. */
  readonly cacheSize?: number;
}

interface Subscriber<T> {
  readonly value: T;
  /** What a glob leaves to be decided after its covering pattern matched. */
  readonly accepts: ((type: string) => boolean) | undefined;
}

/**
 * Values by pattern: who subscribes to what. Answers for a type in the order in which they were added.
 *
 * The answer for a type that was asked before is one map look-up; for a new one, a walk over its tokens. Neither
 * grows with the number of patterns that do not match; only globs without a literal first token are each tried,
 * once a new type. Answers are snapshots: adding or removing while one is iterated changes the next answer,
 * never this one.
 */
export class PatternIndex<T> {
  readonly #trie = new PatternTrie<Subscriber<T>>();
  readonly #cache = new Map<string, readonly T[]>();
  readonly #cacheSize: number;
  #added = 0;
  #size = 0;

  /** @throws RangeError when `cacheSize` is not an integer of at least 1. */
  constructor(options: PatternIndexOptions = {}) {
    const { cacheSize = 8192 } = options;
    if (!(Number.isInteger(cacheSize) && cacheSize >= 1)) {
      throw new RangeError(`cacheSize must be an integer of at least 1, got ${describeValue(cacheSize)}`);
    }
    this.#cacheSize = cacheSize;
  }

  /** How many values are in it. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a value under a pattern, and gives the function that takes it out again (idempotent). A value that
   * is added under several patterns is given once for a type that several of them match. O(tokens).
   *
   * @throws TypeError when the pattern is invalid or can never match.
   */
  add(pattern: string | GlobPattern, value: T): () => void {
    const { path, accepts } = resolve(pattern);
    const entry = this.#trie.add(path, { value, accepts }, this.#added);
    this.#added += 1;
    this.#size += 1;
    this.#forget(path);
    let present = true;
    return () => {
      if (!present) return;
      present = false;
      this.#size -= 1;
      this.#trie.remove(path, entry);
      this.#forget(path);
    };
  }

  /** The values whose pattern matches a type, oldest first. The array is never changed afterwards. */
  match(type: string): readonly T[] {
    return this.#cache.get(type) ?? this.#learn(type);
  }

  #learn(type: string): readonly T[] {
    const found: TrieEntry<Subscriber<T>>[] = [];
    this.#trie.collect(type, found);
    const values = found
      .filter(({ value: { accepts } }) => accepts === undefined || accepts(type))
      .toSorted((a, b) => a.order - b.order)
      .map(({ value }) => value.value);
    const distinct = [...new Set(values)];
    if (this.#cache.size >= this.#cacheSize) this.#cache.clear();
    this.#cache.set(type, distinct);
    return distinct;
  }

  // A literal pattern changes one answer only. Clearing is free while 100 000 are added in a loop: after
  // the first the cache stays empty until someone asks.
  #forget(path: string): void {
    if (this.#cache.size === 0) return;
    if (path.includes('*') || path.endsWith('>')) this.#cache.clear();
    else this.#cache.delete(path);
  }
}

function resolve(pattern: string | GlobPattern): {
  readonly path: string;
  readonly accepts: ((type: string) => boolean) | undefined;
} {
  if (!isGlob(pattern)) return { path: checkSubscriptionPattern(pattern), accepts: undefined };
  // Made again, because a glob that came from elsewhere as data has not been checked.
  const checked = glob(pattern.source);
  const literal = !checked.source.includes('*');
  return { path: coveringPattern(checked), accepts: literal ? undefined : compileGlob(checked) };
}
