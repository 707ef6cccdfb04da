import type { EntityCause, EntityLogic, EntityRunner, EntitySignal, EntityState } from './entity-logic.ts';

/** An entity without a machine: a state, and how an event changes it. */
export interface EntityFold<State, Event> {
  /** The state before the first event, or how to make it of the key. */
  readonly initial: State | ((key: string) => State);
  /** Gives the state after an event. Must not change the one it is given. */
  fold(state: State, event: Event): State;
}

/** The logic of a kind that folds its events. */
export function foldLogic(fold: EntityFold<unknown, EntitySignal>): EntityLogic {
  return () => new FoldRunner(fold);
}

const noTimers: readonly never[] = [];

class FoldRunner implements EntityRunner {
  now = 0;
  cause: EntityCause | undefined;
  readonly emitted: unknown[] = [];
  readonly #fold: EntityFold<unknown, EntitySignal>;

  constructor(fold: EntityFold<unknown, EntitySignal>) {
    this.#fold = fold;
  }

  initial(key: string): EntityState {
    const { initial } = this.#fold;
    const value: unknown =
      typeof initial === 'function' ? (initial as (key: string) => unknown)(key) : initial;
    return { value, timers: noTimers, self: undefined };
  }

  preview(key: string): unknown {
    return this.initial(key).value;
  }

  step(state: EntityState, signal: EntitySignal): EntityState {
    const value = this.#fold.fold(state.value, signal);
    if (value === undefined) {
      throw new TypeError(
        `the fold gave undefined for an event of type ${signal.type}; it must give the next state`,
      );
    }
    if (value instanceof Promise) {
      throw new TypeError('the fold gave a promise; it must give the next state at once');
    }
    return value === state.value ? state : { value, timers: noTimers, self: undefined };
  }

  view(state: EntityState): unknown {
    return state.value;
  }

  persist(state: EntityState): unknown {
    return state.value;
  }

  restore(_key: string, persisted: unknown): EntityState {
    return { value: persisted, timers: noTimers, self: undefined };
  }

  wake(): void {}

  busy(): boolean {
    return false;
  }

  sleep(): void {}
}
