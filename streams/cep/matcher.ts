import { contiguityAny, contiguityNext } from './program.ts';
import type { Node, Program, Question, Step, TakingStage } from './program.ts';
import type { Completed, KeyState, Link, Run, RunStart } from './run.ts';
import { createTakenView, type TakenView } from './taken-events.ts';

/**
 * Shows events to the runs of a key, one event at a time.
 *
 * What becomes of the runs is collected aside and put in place by the owner, so that a condition that
 * throws leaves the key as it was. The order of the runs is kept: first by the event that they began with,
 * then by the events they took. O(runs of the key) an event.
 */
export class Matcher<E> {
  /** The runs after the event; valid until the next one. */
  next: Run<E>[] = [];
  /** Runs that would go on, but have taken too many events. */
  readonly tooLong: Run<E>[] = [];
  readonly completed: Completed<E>[] = [];
  /** A run has begun with the event. */
  started = false;
  /** The event belongs to what has to be absent before a run may start. */
  restarted = false;
  /** What the runs carry that begin with the event, for recovery. */
  start: RunStart | undefined = undefined;

  readonly #program: Program<E>;
  readonly #maxEvents: number;
  readonly #view: TakenView<E>;
  /** What a run is before its first event. */
  readonly #origin: Run<E>;

  #event: E;
  #time = 0;
  #sequence = 0;
  #changed = false;

  constructor(program: Program<E>, maxEvents: number) {
    this.#program = program;
    this.#maxEvents = maxEvents;
    this.#view = createTakenView(program.names);
    this.#event = undefined as E;
    this.#origin = {
      node: program.start,
      count: 0,
      taken: undefined,
      startTime: 0,
      startSequence: 0,
      start: undefined,
      possible: program.start.allSteps,
      fresh: true,
      waitsUntil: Infinity,
      anchor: undefined,
      holdsStart: program.everyFirst === 0,
    };
  }

  /** Shows one event to the runs of a key. Returns whether anything changed. Throws what a condition throws. */
  show(state: KeyState<E, unknown>, event: E, time: number): boolean {
    this.#event = event;
    this.#time = time;
    this.#sequence += 1;
    this.#changed = false;
    this.started = false;
    this.restarted = false;
    // Setting the length of an array is a call into the engine, even where it changes nothing.
    if (this.next.length > 0) this.next.length = 0;
    if (this.tooLong.length > 0) this.tooLong.length = 0;
    if (this.completed.length > 0) this.completed.length = 0;
    const { runs } = state;
    for (let index = 0; index < runs.length; index += 1) this.#react(runs[index] as Run<E>);
    if (state.mayStart) this.#start();
    else if (state.startsAt < Infinity && this.#asks(this.#program.startWait?.condition, undefined)) {
      this.restarted = true;
      this.#changed = true;
    }
    return this.#changed;
  }

  #asks(question: Question<E> | undefined, taken: Link<E> | undefined): boolean {
    if (question === undefined) return false;
    const { ask } = question;
    // What declares no second parameter gets none, so that its answer cannot depend on the run.
    if (question.plain) return (ask as (event: E) => boolean)(this.#event);
    this.#view.show(taken);
    return ask(this.#event, this.#view.events);
  }

  #react(run: Run<E>): void {
    const { node } = run;
    for (let index = 0; index < node.guards.length; index += 1) {
      const guard = node.guards[index];
      if (guard === undefined || (guard.nextOnly && !run.fresh)) continue;
      if (this.#asks(guard.condition, run.taken)) return this.#drop();
    }
    if (node.wait !== undefined && this.#asks(node.wait.condition, run.taken)) return this.#drop();
    if (run.fresh && node.finalAtNext) this.#complete(run);

    const possible = this.#step(run, node);
    if (possible < 0 || (possible === 0 && !node.finalAtTimeout && node.wait === undefined))
      return this.#drop();
    if (possible === run.possible && !(run.fresh && node.hasFreshness)) this.next.push(run);
    else {
      this.#changed = true;
      this.next.push({ ...run, possible, fresh: false });
    }
  }

  #drop(): void {
    this.#changed = true;
  }

  /** Takes the event for each step that it fits. Returns the steps that stay possible, -1 if the run is over. */
  #step(run: Run<E>, node: Node<E>): number {
    let { possible } = run;
    const { steps } = node;
    for (let index = 0; index < steps.length; index += 1) {
      const bit = 1 << index;
      if ((possible & bit) === 0) continue;
      const step = steps[index] as Step<E>;
      if (step.again && step.stage.until !== undefined && this.#asks(step.stage.until, run.taken)) {
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
      const fit = this.#fit(step, this.#origin);
      if (fit === 0) continue;
      this.started = true;
      this.#take(this.#origin, step, fit);
      if (start.single) return;
    }
  }

  /** What the event fits: 0 nothing, else 1 + the alternative, or for an `all` stage the bits that it adds. */
  #fit(step: Step<E>, run: Run<E>): number {
    const { stage } = step;
    if (!stage.memoizable) return this.#test(stage, run, step.again);
    if (stage.memoFor !== this.#sequence) {
      stage.memo = this.#test(stage, run, false);
      stage.memoFor = this.#sequence;
    }
    return stage.all && step.again ? stage.memo & ~run.count : stage.memo;
  }

  #test(stage: TakingStage<E>, run: Run<E>, again: boolean): number {
    const { conditions } = stage;
    let bits = 0;
    for (let index = 0; index < conditions.length; index += 1) {
      if (!this.#asks(conditions[index], run.taken)) continue;
      if (!stage.all) return index + 1;
      bits |= 1 << index;
    }
    return again ? bits & ~run.count : bits;
  }

  #take(run: Run<E>, step: Step<E>, fit: number): void {
    this.#changed = true;
    const { stage } = step;
    const { everyFirst, everyLast } = this.#program;
    const count = stage.all ? (step.again ? run.count : 0) | fit : step.again ? run.count + 1 : 1;
    const node = nodeAt(stage, count);
    const through = stage.all ? node === stage.full : count === stage.min;
    const entersEvery = everyFirst > 0 && stage.index === everyFirst && !step.again;
    const next: Run<E> = {
      node,
      count,
      taken: stage.all
        ? this.#linkAll(run, stage, fit)
        : this.#link(run.taken, stage.slots[fit - 1] as number),
      startTime: run.taken === undefined ? this.#time : run.startTime,
      startSequence: run.taken === undefined ? this.#sequence : run.startSequence,
      start: run.taken === undefined ? this.start : run.start,
      possible: node.allSteps,
      fresh: true,
      waitsUntil: node.wait === undefined ? Infinity : this.#time + node.wait.forMs,
      anchor: entersEvery ? run : run.anchor,
      holdsStart: run.holdsStart && !(through && stage.index === everyLast),
    };
    if (node.final) this.#complete(next);
    if (goesOn(node)) {
      const isLong = (next.taken?.length ?? 0) >= this.#maxEvents && node.allSteps !== 0;
      (isLong ? this.tooLong : this.next).push(next);
    }
    if (through && everyFirst > 0 && stage.index === everyLast && next.anchor !== undefined) {
      this.next.push({ ...next.anchor, possible: next.anchor.node.allSteps, fresh: false });
    }
  }

  #link(before: Link<E> | undefined, slot: number): Link<E> {
    const length = before === undefined ? 1 : before.length + 1;
    return { event: this.#event, time: this.#time, sequence: this.#sequence, slot, before, length };
  }

  #linkAll(run: Run<E>, stage: TakingStage<E>, bits: number): Link<E> | undefined {
    let taken = run.taken;
    for (let index = 0; index < stage.slots.length; index += 1) {
      if ((bits & (1 << index)) !== 0) taken = this.#link(taken, stage.slots[index] as number);
    }
    return taken;
  }

  #complete({ taken, startTime, startSequence }: Run<E>): void {
    if (taken === undefined) return;
    this.completed.push({ taken, startTime, startSequence, endTime: this.#time });
  }
}

function nodeAt<E>(stage: TakingStage<E>, count: number): Node<E> {
  if (stage.all) return count === 2 ** stage.slots.length - 1 ? stage.full : stage.below;
  if (count < stage.min) return stage.below;
  return count < stage.max ? stage.within : stage.full;
}

/** Whether anything can still come of a run at the node. */
export function goesOn<E>(node: Node<E>): boolean {
  return node.steps.length > 0 || node.finalAtTimeout || node.finalAtNext || node.wait !== undefined;
}
