import { TimeHeap } from '../queue/time-heap.ts';
import { deadlineOf, type Expired, expireRuns } from './expire-runs.ts';
import { Matcher } from './matcher.ts';
import type { PatternRecovery } from './pattern-recovery.ts';
import type { Program } from './program.ts';
import type { Completed, KeyState, Run, RunStart } from './run.ts';
import { holdMatch, releaseMatch } from './skip-runs.ts';

/** Why a run ended without a match. */
export type LossReason = 'timed-out' | 'evicted' | 'ended';

/** Where the results of all keys go. */
export interface MatcherOutput<E, K> {
  matched(key: K, match: Completed<E>): void;
  lost(key: K, run: Run<E>, reason: LossReason, endTime: number): void;
  /** A condition threw: the event has left no trace. */
  failed(event: E, error: unknown): void;
  /** A limit is reached, and runs of the key will be lost. May throw. */
  overflowed(key: K, limit: string): void;
}

export interface MatcherLimits {
  readonly maxKeys: number;
  readonly maxPartials: number;
  readonly maxEvents: number;
}

/** So many deadlines of keys that are gone are not worth tidying up, nor are so many keys without runs. */
const keptDeadlines = 1024;
const keptKeys = 1024;

const none: readonly never[] = [];

/**
 * Runs a pattern for every key, in bounded memory.
 *
 * A key has state while it has runs, and little longer: an event that starts none costs a look-up and the
 * first condition. Deadlines of all keys stand in one heap, one entry a key at most times.
 */
export class KeyedMatcher<E, K> {
  readonly #program: Program<E>;
  readonly #limits: MatcherLimits;
  readonly #output: MatcherOutput<E, K>;
  readonly #matcher: Matcher<E>;
  readonly #recovery: PatternRecovery | undefined;
  readonly #keys = new Map<K, KeyState<E, K>>();
  readonly #deadlines = new TimeHeap<KeyState<E, K>>();
  /** How many keys have runs. */
  #live = 0;
  readonly #expired: Expired<E> = { completed: [], timedOut: [] };
  /** The state for a key that has none, until it turns out to need it. */
  #spare: KeyState<E, K> | undefined;

  constructor(
    program: Program<E>,
    limits: MatcherLimits,
    output: MatcherOutput<E, K>,
    recovery?: PatternRecovery,
  ) {
    this.#program = program;
    this.#limits = limits;
    this.#output = output;
    this.#matcher = new Matcher(program, limits.maxEvents);
    this.#recovery = recovery;
  }

  /** Makes a key known without an event: what is to be absent is waited for from here. */
  meet(key: K, time: number): void {
    if (this.#program.startWait === undefined || this.#keys.has(key)) return;
    const state = this.#fresh(key, time);
    this.#admit(state);
    this.#schedule(state);
  }

  /** Shows an event to the runs of its key. When a condition throws, they stay as they were. */
  process(key: K, event: E, time: number, start?: RunStart): void {
    if (this.#deadlines.nextTime <= time) this.advance(time);
    let state = this.#keys.get(key);
    const isNew = state === undefined;
    state ??= this.#fresh(key, time);
    let changed: boolean;
    this.#matcher.start = start;
    try {
      changed = this.#matcher.show(state, event, time);
    } catch (error) {
      this.#output.failed(event, error);
      return;
    }
    if (changed) {
      if (!state.live) this.#admit(state);
      this.#commit(state, time);
    } else if (isNew) {
      this.#keepUnchanged(state);
    }
  }

  #keepUnchanged(state: KeyState<E, K>): void {
    if (this.#program.startWait === undefined) {
      this.#spare = state;
      return;
    }
    this.#admit(state);
    this.#schedule(state);
  }

  /** Lets time pass for all keys, up to and including `time`. */
  advance(time: number): void {
    const deadlines = this.#deadlines;
    while (deadlines.nextTime <= time && deadlines.nextTime < Infinity) {
      const at = deadlines.nextTime;
      const state = deadlines.pop();
      if (state === undefined || state.gone) continue;
      if (state.scheduledAt === at) state.scheduledAt = Infinity;
      if (state.nextDeadline === at) this.#expire(state, at);
      this.#schedule(state);
      this.#rest(state);
    }
  }

  /** Says what input the runs need; all that comes of time up to `told` has been given. */
  report(told: number): void {
    this.#recovery?.report(told, this.#keys.values(), this.#live);
  }

  /** Ends all runs: nothing more will come. */
  end(): void {
    this.advance(Infinity);
    for (const state of this.#keys.values()) {
      const { runs } = state;
      state.runs = [];
      for (const run of runs) this.#output.lost(state.key, run, 'ended', run.taken?.time ?? run.startTime);
      this.#release(state);
    }
    this.#keys.clear();
  }

  #fresh(key: K, time: number): KeyState<E, K> {
    const { startWait } = this.#program;
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      spare.key = key;
      return spare;
    }
    const startsAt = startWait === undefined ? Infinity : time + startWait.forMs;
    return {
      key,
      runs: [],
      held: [],
      mayStart: startWait === undefined,
      startsAt,
      nextDeadline: startsAt,
      scheduledAt: Infinity,
      live: false,
      tracked: false,
      gone: false,
    };
  }

  /** Counts a key among those that have runs, and makes room for it. */
  #admit(state: KeyState<E, K>): void {
    while (this.#live >= this.#limits.maxKeys) {
      this.#output.overflowed(state.key, `maxKeys ${this.#limits.maxKeys}`);
      const victim = this.#firstToClose();
      if (victim === undefined) break;
      this.#evict(victim, victim.runs.length);
      this.#live -= 1;
      this.#remove(victim);
    }
    state.live = true;
    this.#live += 1;
    this.#keys.set(state.key, state);
  }

  /** The key whose runs expire first; where none does, the one that has had them longest. */
  #firstToClose(): KeyState<E, K> | undefined {
    for (let state = this.#deadlines.pop(); state !== undefined; state = this.#deadlines.pop()) {
      if (state.gone) continue;
      const at = state.scheduledAt;
      state.scheduledAt = Infinity;
      if (!state.live) this.#remove(state);
      else if (state.nextDeadline > at) this.#schedule(state);
      else return state;
    }
    for (const state of this.#keys.values()) if (state.live) return state;
    return undefined;
  }

  #commit(state: KeyState<E, K>, time: number): void {
    const matcher = this.#matcher;
    const emptied = state.runs;
    state.runs = matcher.next;
    matcher.next = emptied;
    if (matcher.started || matcher.restarted) this.#closeStart(state, time);
    if (this.#program.everyFirst === 0) state.mayStart = !state.runs.some((run) => run.holdsStart);

    // The lists are the matcher's: what comes out of the results may show it the next event.
    const completed = matcher.completed.length > 0 ? matcher.completed.splice(0) : none;
    const tooLong = matcher.tooLong.length > 0 ? matcher.tooLong.splice(0) : none;
    this.#settle(state, completed);
    for (const run of tooLong) {
      this.#output.overflowed(state.key, `maxEvents ${this.#limits.maxEvents}`);
      this.#output.lost(state.key, run, 'evicted', time);
    }
    const excess = state.runs.length + state.held.length - this.#limits.maxPartials;
    if (excess > 0) {
      this.#output.overflowed(state.key, `maxPartials ${this.#limits.maxPartials}`);
      this.#evict(state, excess);
    }
    state.nextDeadline = deadlineOf(state, this.#program.withinMs);
    this.#schedule(state);
    this.#recovery?.track(state);
    this.#rest(state);
  }

  #closeStart(state: KeyState<E, K>, time: number): void {
    const { startWait, startsOnce } = this.#program;
    if (startsOnce && this.#matcher.started) state.mayStart = false;
    else if (startWait !== undefined) {
      state.mayStart = false;
      state.startsAt = time + startWait.forMs;
    }
  }

  #expire(state: KeyState<E, K>, time: number): void {
    const expired = this.#expired;
    expireRuns(state, this.#program, time, expired);
    // Taken out of the shared lists first: what comes out of the results may let more time pass.
    const completed = expired.completed.length > 0 ? expired.completed.splice(0) : none;
    const timedOut = expired.timedOut.length > 0 ? expired.timedOut.splice(0) : none;
    for (const run of timedOut) this.#output.lost(state.key, run, 'timed-out', time);
    this.#settle(state, completed);
  }

  #settle(state: KeyState<E, K>, completed: readonly Completed<E>[]): void {
    if (this.#program.skip.to === 'none') {
      for (const match of completed) this.#output.matched(state.key, match);
      return;
    }
    for (const match of completed) holdMatch(state.held, match);
    this.#release(state);
  }

  #release(state: KeyState<E, K>): void {
    if (state.held.length === 0) return;
    for (;;) {
      const match = releaseMatch(state, this.#program);
      if (match === undefined) return;
      this.#output.matched(state.key, match);
    }
  }

  /** Gives up the runs that began first: they are the ones that expire first. */
  #evict(state: KeyState<E, K>, count: number): void {
    const runs = state.runs.splice(0, count);
    for (const run of runs) this.#output.lost(state.key, run, 'evicted', run.taken?.time ?? run.startTime);
    this.#release(state);
  }

  #schedule(state: KeyState<E, K>): void {
    if (state.nextDeadline >= state.scheduledAt) return;
    state.scheduledAt = state.nextDeadline;
    this.#deadlines.push(state.nextDeadline, state);
    // Keys that are removed leave their deadline behind; it goes before such leavings outweigh the rest.
    if (this.#deadlines.size > 2 * this.#keys.size + keptDeadlines) this.#tidyDeadlines();
  }

  #tidyDeadlines(): void {
    this.#deadlines.clear();
    for (const state of this.#keys.values()) {
      state.scheduledAt = state.nextDeadline;
      if (state.nextDeadline < Infinity) this.#deadlines.push(state.nextDeadline, state);
    }
  }

  /**
   * Lets go of a key without runs. While a deadline in the heap stands for it, it stays for its next run: to
   * remove and add it again would cost more than the rest of an event. Such keys never outweigh the others.
   */
  #rest(state: KeyState<E, K>): void {
    if (state.runs.length > 0 || state.held.length > 0 || !state.mayStart) return;
    if (this.#program.startWait !== undefined) return;
    if (state.live) this.#live -= 1;
    state.live = false;
    if (state.scheduledAt === Infinity) this.#remove(state);
    else if (this.#keys.size > 2 * this.#live + keptKeys) this.#sweep();
  }

  #sweep(): void {
    for (const state of this.#keys.values()) if (!state.live) this.#remove(state);
  }

  #remove(state: KeyState<E, K>): void {
    state.gone = true;
    this.#keys.delete(state.key);
  }
}
