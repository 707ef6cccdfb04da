import { none } from '../queue/linked-lists.ts';
import type { MatchedKeys } from './matched-keys.ts';
import { contiguityAny, contiguityNext } from './program.ts';
import type { Node, Program, Question, Step, TakingStage } from './program.ts';
import type { Completed, Ended, Link, RunStart } from './run.ts';
import { RunChanges } from './run-changes.ts';
import type { Anchor, RunTable } from './run-table.ts';
import { createTakenView, type TakenView } from './taken-events.ts';

/**
 * Shows events to the runs of a key, one event at a time.
 *
 * What becomes of the runs is collected aside and put in place by `commit`, so that a condition that throws
 * leaves the key as it was. The order of the runs is kept: first by the event that they began with, then by
 * the events they took. O(runs of the key) an event.
 */
export class Matcher<E, K> {
  /** Runs that would go on, but have taken too many events. */
  readonly tooLong: Ended<E>[] = [];
  readonly completed: Completed<E>[] = [];
  /** A run has begun with the event. */
  started = false;
  /** The event belongs to what has to be absent before a run may start. */
  restarted = false;
  /** The stages of `every` are through in a run that began with them: the next may begin. */
  reopened = false;
  /** What the runs carry that begin with the event, for recovery. */
  start: RunStart | undefined = undefined;

  readonly #program: Program<E>;
  readonly #maxEvents: number;
  readonly #keys: MatchedKeys<E, K>;
  readonly #runs: RunTable<E>;
  readonly #changes: RunChanges<E>;
  readonly #view: TakenView<E>;

  #event: E;
  #time = 0;
  #sequence = 0;
  #changed = false;

  constructor(program: Program<E>, maxEvents: number, keys: MatchedKeys<E, K>, runs: RunTable<E>) {
    this.#program = program;
    this.#maxEvents = maxEvents;
    this.#keys = keys;
    this.#runs = runs;
    this.#changes = new RunChanges(runs);
    this.#view = createTakenView(program.names);
    this.#event = undefined as E;
  }

  /** Shows one event to the runs of a key. Returns whether anything changed. Throws what a condition throws. */
  show(key: number, event: E, time: number): boolean {
    this.#event = event;
    this.#time = time;
    this.#sequence += 1;
    this.#changed = false;
    this.started = false;
    this.restarted = false;
    this.reopened = false;
    this.#changes.begin();
    try {
      this.#reactAll(key);
    } catch (error) {
      this.#changes.takeBack();
      this.completed.length = 0;
      this.tooLong.length = 0;
      throw error;
    }
    return this.#changed;
  }

  /** Puts the runs after the event in place. */
  commit(key: number): void {
    this.#changes.commit(this.#keys, key);
  }

  #reactAll(key: number): void {
    const keys = this.#keys;
    for (let run = keys.first[key] as number; run !== none; run = this.#runs.next[run] as number) {
      this.#react(run);
    }
    if (keys.mayStart[key] === 1) {
      this.#start();
    } else if (
      (keys.startsAt[key] as number) < Infinity &&
      this.#asks(this.#program.startWait?.condition, none)
    ) {
      this.restarted = true;
      this.#changed = true;
    }
  }

  #asks(question: Question<E> | undefined, run: number): boolean {
    if (question === undefined) return false;
    const { ask } = question;
    // What declares no second parameter gets none, so that its answer cannot depend on the run.
    if (question.plain) return (ask as (event: E) => boolean)(this.#event);
    this.#view.show(run === none ? undefined : this.#runs.taken[run]);
    return ask(this.#event, this.#view.events);
  }

  #react(run: number): void {
    const runs = this.#runs;
    const node = runs.node[run] as Node<E>;
    const isFresh = runs.fresh[run] === 1;
    for (let index = 0; index < node.guards.length; index += 1) {
      const guard = node.guards[index];
      if (guard === undefined || (guard.nextOnly && !isFresh)) continue;
      if (this.#asks(guard.condition, run)) return this.#drop(run);
    }
    if (node.wait !== undefined && this.#asks(node.wait.condition, run)) return this.#drop(run);
    if (isFresh && node.finalAtNext) {
      this.#complete(runs.taken[run], runs.startTime[run] as number, runs.startSequence[run] as number);
    }

    const before = runs.possible[run] as number;
    const possible = this.#step(run, node, before);
    if (possible < 0 || (possible === 0 && !node.finalAtTimeout && node.wait === undefined))
      return this.#drop(run);
    if (possible === before && !(isFresh && node.hasFreshness)) {
      this.#changes.keep(run);
    } else {
      this.#drop(run);
      this.#changes.add(runs.passedBy(run, possible));
    }
  }

  #drop(run: number): void {
    this.#changed = true;
    this.#changes.drop(run);
  }

  /** Takes the event for each step that it fits. Returns the steps that stay possible, -1 if the run is over. */
  #step(run: number, node: Node<E>, before: number): number {
    let possible = before;
    const { steps } = node;
    for (let index = 0; index < steps.length; index += 1) {
      const bit = 1 << index;
      if ((possible & bit) === 0) continue;
      const step = steps[index] as Step<E>;
      if (step.again && step.stage.until !== undefined && this.#asks(step.stage.until, run)) {
        possible &= ~bit;
        continue;
      }
      const fit = this.#fit(step, run);
      if (fit === 0) {
        if (step.contiguity === contiguityNext) possible &= ~bit;
        continue;
      }
      this.#take(run, step, fit);
      if (node.single) return -1;
      if (step.contiguity !== contiguityAny) possible &= ~bit;
    }
    return possible;
  }

  #start(): void {
    const { start } = this.#program;
    for (let index = 0; index < start.steps.length; index += 1) {
      const step = start.steps[index] as Step<E>;
      const fit = this.#fit(step, none);
      if (fit === 0) continue;
      this.started = true;
      this.#take(none, step, fit);
      if (start.single) return;
    }
  }

  /** What the event fits: 0 nothing, else 1 + the alternative, or for an `all` stage the bits that it adds. */
  #fit(step: Step<E>, run: number): number {
    const { stage } = step;
    let fit: number;
    if (!stage.memoizable) {
      fit = this.#test(stage, run);
    } else {
      if (stage.memoFor !== this.#sequence) {
        stage.memo = this.#test(stage, run);
        stage.memoFor = this.#sequence;
      }
      fit = stage.memo;
    }
    return stage.all && step.again ? fit & ~(this.#runs.count[run] as number) : fit;
  }

  #test(stage: TakingStage<E>, run: number): number {
    const { conditions } = stage;
    let bits = 0;
    for (let index = 0; index < conditions.length; index += 1) {
      if (!this.#asks(conditions[index], run)) continue;
      if (!stage.all) return index + 1;
      bits |= 1 << index;
    }
    return bits;
  }

  /** Makes what a run is with the event; `none` begins one. */
  #take(run: number, step: Step<E>, fit: number): void {
    this.#changed = true;
    const runs = this.#runs;
    const { stage } = step;
    const { everyFirst, everyLast } = this.#program;
    const begins = run === none;
    const count = countAfter(step, begins ? 0 : (runs.count[run] as number), fit);
    const node = nodeAt(stage, count);
    const through = stage.all ? node === stage.full : count === stage.min;

    const before = begins ? undefined : runs.taken[run];
    const taken = stage.all
      ? this.#linkAll(before, stage, fit)
      : this.#link(before, stage.slots[fit - 1] as number);
    const startTime = begins ? this.#time : (runs.startTime[run] as number);
    const startSequence = begins ? this.#sequence : (runs.startSequence[run] as number);
    if (node.final) this.#complete(taken, startTime, startSequence);

    let anchor: Anchor<E> | 'start' | undefined;
    if (everyFirst > 0) {
      if (stage.index === everyFirst && !step.again) anchor = begins ? 'start' : runs.anchorAt(run);
      else if (!begins) anchor = runs.anchor[run];
    }
    if (node.goesOn) {
      if (taken !== undefined && taken.length >= this.#maxEvents && node.allSteps !== 0) {
        this.tooLong.push({ taken, startTime, lastTime: this.#time });
      } else {
        const holds = begins ? everyFirst === 0 : runs.holdsStart[run] === 1;
        const made = runs.take();
        runs.node[made] = node;
        runs.taken[made] = taken;
        runs.count[made] = count;
        runs.possible[made] = node.allSteps;
        runs.fresh[made] = 1;
        runs.holdsStart[made] = holds && !(through && stage.index === everyLast) ? 1 : 0;
        runs.startTime[made] = startTime;
        runs.startSequence[made] = startSequence;
        runs.lastTime[made] = this.#time;
        runs.waitsUntil[made] = node.wait === undefined ? Infinity : this.#time + node.wait.forMs;
        if (this.start !== undefined) runs.start[made] = begins ? this.start : runs.start[run];
        if (anchor !== undefined) runs.anchor[made] = anchor;
        this.#changes.add(made);
      }
    }
    if (!through || anchor === undefined || stage.index !== everyLast) return;
    if (anchor === 'start') this.reopened = true;
    else this.#changes.add(runs.again(anchor));
  }

  #link(before: Link<E> | undefined, slot: number): Link<E> {
    const length = before === undefined ? 1 : before.length + 1;
    return { event: this.#event, sequence: this.#sequence, slot, before, length };
  }

  #linkAll(before: Link<E> | undefined, stage: TakingStage<E>, bits: number): Link<E> | undefined {
    let taken = before;
    for (let index = 0; index < stage.slots.length; index += 1) {
      if ((bits & (1 << index)) !== 0) taken = this.#link(taken, stage.slots[index] as number);
    }
    return taken;
  }

  #complete(taken: Link<E> | undefined, startTime: number, startSequence: number): void {
    if (taken === undefined) return;
    this.completed.push({ taken, startTime, startSequence, endTime: this.#time });
  }
}

/** Of an `all` stage the bits of the events it has, else how many it has. */
function countAfter<E>({ stage, again }: Step<E>, before: number, fit: number): number {
  if (stage.all) return (again ? before : 0) | fit;
  return again ? before + 1 : 1;
}

function nodeAt<E>(stage: TakingStage<E>, count: number): Node<E> {
  if (stage.all) return count === 2 ** stage.slots.length - 1 ? stage.full : stage.below;
  if (count < stage.min) return stage.below;
  return count < stage.max ? stage.within : stage.full;
}
