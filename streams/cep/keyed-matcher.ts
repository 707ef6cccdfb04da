import { none } from '../queue/linked-lists.ts';
import { TimeBuffer } from '../queue/time-buffer.ts';
import { deadlineOf, type Expired, expireRuns } from './expire-runs.ts';
import { MatchedKeys } from './matched-keys.ts';
import { Matcher } from './matcher.ts';
import type { PatternRecovery } from './pattern-recovery.ts';
import type { Program } from './program.ts';
import type { Completed, Ended, RunStart } from './run.ts';
import { anyHoldsStart, removeFirst } from './run-lists.ts';
import { RunTable } from './run-table.ts';
import { holdMatch, releaseMatch } from './skip-runs.ts';

/** Why a run ended without a match. */
export type LossReason = 'timed-out' | 'evicted' | 'ended';

/** Where the results of all keys go. */
export interface MatcherOutput<E, K> {
  matched(key: K, match: Completed<E>): void;
  lost(key: K, run: Ended<E>, reason: LossReason, endTime: number): void;
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

const nothing: readonly never[] = [];

/**
 * Runs a pattern for every key, in bounded memory.
 *
 * A key has state while it has runs, and little longer: an event that starts none costs a look-up and the
 * first condition. Deadlines of all keys stand in one queue, one entry a key at most times.
 */
export class KeyedMatcher<E, K> {
  readonly #program: Program<E>;
  readonly #limits: MatcherLimits;
  readonly #output: MatcherOutput<E, K>;
  readonly #recovery: PatternRecovery | undefined;
  readonly #keys = new MatchedKeys<E, K>();
  readonly #runs = new RunTable<E>();
  readonly #matcher: Matcher<E, K>;
  readonly #deadlines = new TimeBuffer<number>();
  /** How many keys have runs. */
  #live = 0;
  readonly #expired: Expired<E> = { completed: [], timedOut: [] };

  constructor(
    program: Program<E>,
    limits: MatcherLimits,
    output: MatcherOutput<E, K>,
    recovery?: PatternRecovery,
  ) {
    this.#program = program;
    this.#limits = limits;
    this.#output = output;
    this.#matcher = new Matcher(program, limits.maxEvents, this.#keys, this.#runs);
    this.#recovery = recovery;
  }

  /** Makes a key known without an event: what is to be absent is waited for from here. */
  meet(name: K, time: number): void {
    if (this.#program.startWait === undefined || this.#keys.find(name) !== none) return;
    const key = this.#take(name, time);
    this.#admit(key);
    this.#schedule(key);
  }

  /** Shows an event to the runs of its key. When a condition throws, they stay as they were. */
  process(name: K, event: E, time: number, start?: RunStart): void {
    if (this.#deadlines.nextTime <= time) this.advance(time);
    const found = this.#keys.find(name);
    const key = found === none ? this.#take(name, time) : found;
    let changed: boolean;
    this.#matcher.start = start;
    try {
      changed = this.#matcher.show(key, event, time);
    } catch (error) {
      if (found === none) this.#keys.leave(key);
      this.#output.failed(event, error);
      return;
    }
    if (changed) this.#commit(key, time);
    else if (found === none) this.#keepUnchanged(key);
  }

  #keepUnchanged(key: number): void {
    if (this.#program.startWait === undefined) {
      this.#keys.leave(key);
      return;
    }
    this.#admit(key);
    this.#schedule(key);
  }

  /** Lets time pass for all keys, up to and including `time`. */
  advance(time: number): void {
    const deadlines = this.#deadlines;
    while (deadlines.nextTime <= time && deadlines.nextTime < Infinity) {
      const at = deadlines.nextTime;
      const key = deadlines.shift();
      if (!this.#keys.isKnown(key)) continue;
      if (this.#keys.scheduledAt[key] === at) this.#keys.scheduledAt[key] = Infinity;
      // The place may have gone to another key since; what is due for that one is due for it all the same.
      if (this.#keys.nextDeadline[key] === at) this.#expire(key, at);
      this.#schedule(key);
      this.#rest(key);
    }
  }

  /** Says what input the runs need; all that comes of time up to `told` has been given. */
  report(told: number): void {
    this.#recovery?.report(told, this.#keys, this.#runs, this.#live);
  }

  /** Ends all runs: nothing more will come. */
  end(): void {
    this.advance(Infinity);
    for (const key of this.#keys.known()) {
      this.#giveUp(key, Infinity, 'ended');
      this.#release(key);
      this.#forget(key);
    }
  }

  #take(name: K, time: number): number {
    const { startWait } = this.#program;
    return this.#keys.take(name, startWait === undefined ? Infinity : time + startWait.forMs);
  }

  /** Counts a key among those that have runs, and makes room for it. */
  #admit(key: number): void {
    const keys = this.#keys;
    while (this.#live >= this.#limits.maxKeys) {
      this.#output.overflowed(keys.nameOf(key), `maxKeys ${this.#limits.maxKeys}`);
      const victim = this.#firstToClose();
      if (victim === none) break;
      this.#giveUp(victim, Infinity, 'evicted');
      this.#release(victim);
      this.#forget(victim);
    }
    keys.live[key] = 1;
    this.#live += 1;
    if (!keys.isKnown(key)) keys.keep(key);
  }

  /** The key whose runs expire first; where none does, the one that has had them longest. */
  #firstToClose(): number {
    const keys = this.#keys;
    const deadlines = this.#deadlines;
    while (deadlines.size > 0) {
      const at = deadlines.nextTime;
      const key = deadlines.shift();
      if (!keys.isKnown(key) || keys.scheduledAt[key] !== at) continue;
      keys.scheduledAt[key] = Infinity;
      if (keys.live[key] === 0) this.#forget(key);
      else if ((keys.nextDeadline[key] as number) > at) this.#schedule(key);
      else return key;
    }
    for (const key of keys.known()) if (keys.live[key] === 1) return key;
    return none;
  }

  #commit(key: number, time: number): void {
    const matcher = this.#matcher;
    const keys = this.#keys;
    matcher.commit(key);
    if (matcher.started || matcher.restarted) this.#closeStart(key, time);
    if (matcher.reopened) this.#openStart(key);
    if (this.#program.everyFirst === 0) keys.mayStart[key] = anyHoldsStart(keys, this.#runs, key) ? 0 : 1;

    // The lists are the matcher's: what comes out of the results may show it the next event.
    const completed = matcher.completed.length > 0 ? matcher.completed.splice(0) : nothing;
    const tooLong = matcher.tooLong.length > 0 ? matcher.tooLong.splice(0) : nothing;
    if (keys.live[key] === 0) this.#admit(key);
    this.#settle(key, completed);
    for (const run of tooLong) {
      this.#output.overflowed(keys.nameOf(key), `maxEvents ${this.#limits.maxEvents}`);
      this.#output.lost(keys.nameOf(key), run, 'evicted', time);
    }
    const excess = (keys.runs[key] as number) + (keys.held[key]?.length ?? 0) - this.#limits.maxPartials;
    if (excess > 0) {
      this.#output.overflowed(keys.nameOf(key), `maxPartials ${this.#limits.maxPartials}`);
      this.#giveUp(key, excess, 'evicted');
      this.#release(key);
    }
    keys.nextDeadline[key] = deadlineOf(keys, this.#runs, key, this.#program.withinMs);
    this.#schedule(key);
    this.#recovery?.track(key, keys, this.#runs);
    this.#rest(key);
  }

  #closeStart(key: number, time: number): void {
    const { startWait, startsOnce } = this.#program;
    if (startsOnce && this.#matcher.started) {
      this.#keys.mayStart[key] = 0;
    } else if (startWait !== undefined) {
      this.#keys.mayStart[key] = 0;
      this.#keys.startsAt[key] = time + startWait.forMs;
    }
  }

  #openStart(key: number): void {
    this.#keys.mayStart[key] = 1;
    this.#keys.startsAt[key] = Infinity;
  }

  #expire(key: number, time: number): void {
    const expired = this.#expired;
    expireRuns(this.#keys, this.#runs, key, this.#program, time, expired);
    // Taken out of the shared lists first: what comes out of the results may let more time pass.
    const completed = expired.completed.length > 0 ? expired.completed.splice(0) : nothing;
    const timedOut = expired.timedOut.length > 0 ? expired.timedOut.splice(0) : nothing;
    for (const run of timedOut) this.#output.lost(this.#keys.nameOf(key), run, 'timed-out', time);
    this.#settle(key, completed);
  }

  #settle(key: number, completed: readonly Completed<E>[]): void {
    if (completed.length === 0 && (this.#keys.held[key]?.length ?? 0) === 0) return;
    if (this.#program.skip.to === 'none') {
      for (const match of completed) this.#output.matched(this.#keys.nameOf(key), match);
      return;
    }
    const held = (this.#keys.held[key] ??= []);
    for (const match of completed) holdMatch(held, match);
    this.#release(key);
  }

  #release(key: number): void {
    while ((this.#keys.held[key]?.length ?? 0) > 0) {
      const match = releaseMatch(this.#keys, this.#runs, key, this.#program);
      if (match === undefined) return;
      this.#output.matched(this.#keys.nameOf(key), match);
    }
  }

  /** Gives up the runs that began first: they are the ones that expire first. */
  #giveUp(key: number, count: number, reason: LossReason): void {
    const name = this.#keys.nameOf(key);
    for (const run of removeFirst(this.#keys, this.#runs, key, count)) {
      this.#output.lost(name, run, reason, run.lastTime);
    }
  }

  #schedule(key: number): void {
    const deadline = this.#keys.nextDeadline[key] as number;
    if (deadline >= (this.#keys.scheduledAt[key] as number)) return;
    this.#keys.scheduledAt[key] = deadline;
    this.#deadlines.push(deadline, key);
    // Keys that are removed leave their deadline behind; it goes before such leavings outweigh the rest.
    if (this.#deadlines.size > 2 * this.#keys.size + keptDeadlines) this.#tidyDeadlines();
  }

  #tidyDeadlines(): void {
    const { nextDeadline, scheduledAt } = this.#keys;
    this.#deadlines.clear();
    for (const key of this.#keys.known()) {
      const deadline = nextDeadline[key] as number;
      scheduledAt[key] = deadline;
      if (deadline < Infinity) this.#deadlines.push(deadline, key);
    }
  }

  /**
   * Lets go of a key without runs. While a deadline stands for it, it stays for its next run: to remove and
   * add it again would cost more than the rest of an event. Such keys never outweigh the others.
   */
  #rest(key: number): void {
    const keys = this.#keys;
    if (keys.first[key] !== none || (keys.held[key]?.length ?? 0) > 0 || keys.mayStart[key] === 0) return;
    if (this.#program.startWait !== undefined) return;
    this.#live -= keys.live[key] as number;
    keys.live[key] = 0;
    if (keys.scheduledAt[key] === Infinity) this.#forget(key);
    else if (keys.size > 2 * this.#live + keptKeys) this.#sweep();
  }

  #sweep(): void {
    for (const key of this.#keys.known()) if (this.#keys.live[key] === 0) this.#forget(key);
  }

  #forget(key: number): void {
    // A result that ended the stream has forgotten all keys before whoever emitted it does.
    if (!this.#keys.isKnown(key)) return;
    this.#live -= this.#keys.live[key] as number;
    this.#keys.leave(key);
  }
}
