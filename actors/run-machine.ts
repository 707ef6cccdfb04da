import { BehaviorSubject, type Observable } from 'rxjs';
import { createActor, type AnyStateMachine, type EventFrom, type InputFrom, type SnapshotFrom } from 'xstate';
import type { Clock } from '../streams/event/clock.ts';

export interface MachineOptions<Machine extends AnyStateMachine, View> {
  readonly input: InputFrom<Machine>;
  readonly clock: Clock;
  /** Whether its timers let the process end. */
  readonly background: boolean;
  /** What the machine shows; the same object as `previous` when nothing of it has changed. */
  readonly view: (snapshot: SnapshotFrom<Machine>, previous: View | undefined) => View;
  /** Puts a changed view into effect, inside the transition. May run no code of others. */
  readonly apply: (view: View) => void;
  /** Runs after the transition, and after the view was shown. May run code of others. */
  readonly applied: (view: View) => void;
}

/** A machine that runs. */
export interface MachineRun<Signal, View> {
  readonly view: View;
  /** The current view, then every change, in order. Completes when the machine is stopped. */
  readonly view$: Observable<View>;
  send(signal: Signal): void;
  /** Shows changes that a stream which the machine listens to has caused. */
  settle(): void;
  stop(): void;
}

/**
 * Runs a machine so that code of others never runs inside one of its transitions.
 *
 * XState queues a signal that is sent during a transition. Were handlers or observers called there, what
 * they signal would take effect only after they return, and calls could start in a state that is over. So
 * a view is put into effect inside the transition, and shown after it.
 */
export function runMachine<Machine extends AnyStateMachine, View>(
  machine: Machine,
  options: MachineOptions<Machine, View>,
): MachineRun<EventFrom<Machine>, View> {
  const { clock, view: viewOf, apply, applied, background } = options;
  const changes: View[] = [];
  let showing = false;
  let stopped = false;

  const actor = createActor(machine, {
    input: options.input,
    clock: clockThatSettles(clock, background, settle),
  });
  let view = viewOf(actor.getSnapshot(), undefined);
  const views = new BehaviorSubject(view);

  function change(snapshot: SnapshotFrom<Machine>): void {
    const next = viewOf(snapshot, view);
    if (next === view) return;
    view = next;
    apply(view);
    changes.push(view);
  }

  function settle(): void {
    // Signals of an observer are shown to all observers once they have all seen what it reacted to.
    if (showing || changes.length === 0) return;
    showing = true;
    for (let next = changes.shift(); next !== undefined; next = changes.shift()) views.next(next);
    showing = false;
    applied(view);
  }

  apply(view);
  actor.subscribe(change);
  actor.start();

  return {
    get view() {
      return view;
    },
    view$: views.asObservable(),
    send(signal) {
      if (stopped) return;
      actor.send(signal);
      settle();
    },
    settle,
    stop() {
      if (stopped) return;
      stopped = true;
      actor.stop();
      views.complete();
    },
  };
}

/** A signal of a timer comes from no `send`: what it changed is shown after the timer's callback. */
function clockThatSettles(clock: Clock, background: boolean, settle: () => void) {
  function fire(callback: () => void): void {
    callback();
    settle();
  }

  return {
    setTimeout: (callback: () => void, delayMs: number) =>
      clock.setTimeout(() => fire(callback), delayMs, background),
    clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
  };
}
