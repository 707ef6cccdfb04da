import type { PatternSpec } from './stage.ts';

/** What to look for: a sequence of stages. `E` is an event, `S` the events of a match by stage. */
export interface Pattern<E, S> {
  readonly spec: PatternSpec<E>;
  /** Carries the type of the matches. Never set. */
  readonly bound?: S;
}

/** The events of a stage that must take one at least. */
export type SomeEvents<E> = readonly [E, ...E[]];

/** `S` with the events of `N`, written out so that editors show the result. */
export type With<S, N extends string, V> = {
  readonly [K in keyof S | N]: K extends N ? V : K extends keyof S ? S[K] : never;
};

/**
 * Decides whether an event fits; `so` is what the stages before have taken, and this one too so far.
 *
 * `so` may be read during the call only. A condition that declares only the event is asked once an event;
 * one that declares `so` is asked for every run that waits for it.
 */
export type Condition<E, S, N extends string> = (
  event: E,
  so: S & { readonly [K in N]: readonly E[] },
) => boolean;

type Guard<E, S, N extends string, F extends E> = (
  event: E,
  so: S & { readonly [K in N]: readonly E[] },
) => event is F;

/** Conditions by name. */
export type Conditions<E, S> = Readonly<Record<string, (event: E, so: S) => boolean>>;

type EventOf<E, C> = C extends ((event: E, ...rest: never[]) => event is Narrowed<E, infer F>) ? F : E;

type Narrowed<E, F> = F extends E ? F : never;

/** The ways to write a stage that takes events. */
export interface AddStage<E, S> {
  /** Takes an event that a type guard accepts; the match has its type. */
  <N extends string, F extends E>(
    name: N,
    condition: Guard<E, S, N, F>,
  ): PatternBuilder<E, With<S, N, SomeEvents<F>>, N>;
  /** Takes an event that fits; without a condition, any. */
  <N extends string>(
    name: N,
    condition?: Condition<E, S, N>,
  ): PatternBuilder<E, With<S, N, SomeEvents<E>>, N>;
  /** Takes an event that fits one of the conditions, under the name of the first that it fits. */
  <A extends Conditions<E, S>>(stage: {
    readonly either: A;
  }): PatternBuilder<
    E,
    {
      readonly [K in keyof S | keyof A]: K extends keyof A
        ? readonly EventOf<E, A[K]>[]
        : K extends keyof S
          ? S[K]
          : never;
    },
    keyof A & string
  >;
  /** Takes what a pattern of its own takes, as one stage: a group, to be repeated or left out as a whole. */
  <S2 extends object>(
    group: Pattern<E, S2>,
  ): PatternBuilder<
    E,
    {
      readonly [K in keyof S | keyof S2]: K extends keyof S2 ? S2[K] : K extends keyof S ? S[K] : never;
    },
    keyof S2 & string
  >;
  /** Takes an event for each of the conditions, in any order; one event may serve several. */
  <A extends Conditions<E, S>>(stage: {
    readonly all: A;
  }): PatternBuilder<
    E,
    {
      readonly [K in keyof S | keyof A]: K extends keyof A
        ? SomeEvents<EventOf<E, A[K]>>
        : K extends keyof S
          ? S[K]
          : never;
    },
    keyof A & string
  >;
}

/** A pattern under construction, and a pattern. Every call gives a new one; none changes. */
export interface PatternBuilder<E, S, Last extends string> extends Pattern<E, S> {
  /** Adds a stage for the very next event. */
  readonly next: AddStage<E, S>;
  /** Adds a stage for the next event that fits; others are skipped. */
  readonly followedBy: AddStage<E, S>;
  /** Adds a stage for any later event that fits: each gives a match of its own. */
  readonly followedByAny: AddStage<E, S>;
  /** Ends a run whose very next event fits. */
  notNext(condition: (event: E, so: S) => boolean): PatternBuilder<E, S, Last>;
  /**
   * Ends a run when an event fits before the next stage has taken one. As the last of the pattern it needs
   * `within`: the match is complete when that has passed.
   */
  notFollowedBy(condition: (event: E, so: S) => boolean): PatternBuilder<E, S, Last>;
  /** Waits until no event has fit for `forMs` milliseconds; an event that fits before ends the run. */
  absentFor(forMs: number, condition: (event: E, so: S) => boolean): PatternBuilder<E, S, Last>;

  /** The latest stage takes `min` events, or `min` to `max`. */
  times(min: number, max?: number): PatternBuilder<E, S, Last>;
  /** The latest stage takes `min` events or more. */
  timesOrMore(min: number): PatternBuilder<E, S, Last>;
  /** The latest stage takes one event or more. */
  oneOrMore(): PatternBuilder<E, S, Last>;
  /** The latest stage may be left out; its events in a match may then be none. */
  optional(): PatternBuilder<
    E,
    { readonly [K in keyof S]: K extends Last ? readonly ElementOf<S[K]>[] : S[K] },
    Last
  >;
  /** The events of the latest stage must follow each other at once. */
  consecutive(): PatternBuilder<E, S, Last>;
  /** The events of the latest stage may leave out some that fit: every combination is a match. */
  allowCombinations(): PatternBuilder<E, S, Last>;
  /** The latest stage takes as many events as it can, where else it would try every number of them. */
  greedy(): PatternBuilder<E, S, Last>;
  /** The latest stage collects only until the next stage fits, where else it would try every number. */
  reluctant(): PatternBuilder<E, S, Last>;
  /** The latest stage takes no more events once one fits; that one is not taken by it. */
  until(condition: (event: E, so: S) => boolean): PatternBuilder<E, S, Last>;

  /** The last event of a match must be less than `withinMs` milliseconds after the first. */
  within(withinMs: number): PatternBuilder<E, S, Last>;
  /**
   * Decides which other runs a match ends. `none` (default): no other; `next`: those that began at the same
   * event; `pastLast`: those that began at an event of the match; `toFirst`, `toLast`: those that began
   * before the first or last event of that stage. But for `none`, matches come in the order they began.
   */
  skip(
    strategy:
      | 'none'
      | 'next'
      | 'pastLast'
      | { readonly toFirst: keyof S & string }
      | { readonly toLast: keyof S & string },
  ): PatternBuilder<E, S, Last>;
  /** Only the first event of a key that fits the first stage starts a run. */
  once(): PatternBuilder<E, S, Last>;
  /**
   * The stages from `first` to `last` begin anew once `last` is through, or its run has ended, and not at
   * every event: Siddhi's `every (first -> last)`.
   */
  every(first: keyof S & string, last?: keyof S & string): PatternBuilder<E, S, Last>;
}

type ElementOf<V> = V extends readonly (infer T)[] ? T : never;

/** What {@link PatternBuilder} starts from. */
export interface PatternStart<E> {
  /** Adds the first stage: a run starts at every event that fits it. */
  readonly begin: AddStage<E, NoStages>;
  /** Lets no run start before no event has fit for `forMs`, counted from the first sign of the key. */
  absentFor(forMs: number, condition: (event: E) => boolean): PatternStart<E>;
}

/** No stage yet. */
export type NoStages = object;
