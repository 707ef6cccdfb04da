import {
  createActor,
  fromTransition,
  type AnyActorRef,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { describeValue } from '../streams/event/describe-value.ts';
import type {
  EntityCause,
  EntityLogic,
  EntityRunner,
  EntityRunnerPorts,
  EntitySignal,
  EntityState,
  EntityTimer,
} from './entity-logic.ts';
import { QuickMachine } from './quick-machine.ts';
import { causeLink } from './cause-link.ts';
import { inlineError } from './inline-children.ts';
import { MachineSelf, type RelaySystem } from './machine-self.ts';

/** How a kind of entity uses its machine. */
export interface MachineLogicOptions {
  readonly kind: string;
  readonly machine: AnyStateMachine;
  /** Makes the machine's input of an entity's key. */
  readonly input: (key: string) => unknown;
}

/** The logic of a kind whose entities are state machines. */
export function machineLogic(options: MachineLogicOptions): EntityLogic {
  return (ports) => new MachineRunner(options, ports);
}

const noTimers: readonly EntityTimer[] = [];

/**
 * Makes the transitions of a kind's machines, without an actor for each.
 *
 * What XState would do outside of a transition comes here: a delay becomes a timer with a moment, kept beside the
 * snapshot, since a snapshot of XState's has none; what is emitted is collected; what is sent to itself is next.
 */
class MachineRunner implements EntityRunner {
  now = 0;
  cause: EntityCause | undefined;
  readonly emitted: unknown[] = [];
  readonly #options: MachineLogicOptions;
  readonly #ports: EntityRunnerPorts;
  readonly #system: RelaySystem;
  readonly #deferred: (() => void)[] = [];
  readonly #inbox: EntitySignal[] = [];
  readonly #scope: AnyActorScope;
  readonly #quick: QuickMachine;
  /** Whose transition is being made. */
  #self: MachineSelf | undefined;
  #value: AnyMachineSnapshot | undefined;
  #timers = noTimers;
  /** What becomes of actions: run at once, after the first state is known (as XState has it), or never. */
  #actions: 'run' | 'defer' | 'skip' = 'run';

  constructor(options: MachineLogicOptions, ports: EntityRunnerPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#system = this.#makeSystem();
    this.#scope = this.#makeScope();
    this.#quick = new QuickMachine(options.machine);
  }

  initial(key: string): EntityState {
    return this.#start(key, 'defer');
  }

  preview(key: string): unknown {
    const { value } = this.#start(key, 'skip');
    this.emitted.length = 0;
    return value;
  }

  #start(key: string, actions: 'defer' | 'skip'): EntityState {
    const { machine, input } = this.#options;
    const self = new MachineSelf(key, this.#system, this);
    this.#begin(self, undefined, noTimers);
    try {
      this.#actions = actions;
      this.#value = machine.getInitialSnapshot(this.#scope, input(key));
      if (actions === 'skip') this.#deferred.length = 0;
      else this.#actions = 'run';
      return this.#finish(self, undefined);
    } finally {
      this.#end();
    }
  }

  step(state: EntityState, signal: EntitySignal): EntityState {
    const value = state.value as AnyMachineSnapshot;
    // A machine that is done takes no more signals, as an actor of XState's.
    if (value.status !== 'active') return state;
    const self = state.self as MachineSelf;
    this.#begin(self, value, state.timers);
    try {
      this.#value = this.#quick.transition(value, signal, this.#scope);
      return this.#finish(self, state);
    } finally {
      this.#end();
    }
  }

  view(state: EntityState): unknown {
    return state.value;
  }

  persist(state: EntityState): unknown {
    const value = state.value as AnyMachineSnapshot;
    const children = value.children as Readonly<Record<string, AnyActorRef>>;
    for (const id in children) {
      if (typeof children[id]?.src !== 'string')
        throw inlineError(this.#options.kind, `its machine has spawned ${id},`);
    }
    return this.#quick.persist(value);
  }

  restore(key: string, persisted: unknown, timers: readonly EntityTimer[]): EntityState {
    const self = new MachineSelf(key, this.#system, this);
    this.#self = self;
    try {
      const value = this.#options.machine.restoreSnapshot(persisted as never, this.#scope);
      return { value, timers, self };
    } finally {
      this.#end();
    }
  }

  wake(state: EntityState): void {
    const value = state.value as AnyMachineSnapshot;
    if (value.status === 'active') this.#options.machine.start(value);
  }

  busy(state: EntityState): boolean {
    const { children } = state.value as AnyMachineSnapshot;
    for (const id in children) {
      if ((children as Readonly<Record<string, AnyActorRef>>)[id]?.getSnapshot().status === 'active')
        return true;
    }
    return false;
  }

  sleep(state: EntityState): void {
    const { children } = state.value as AnyMachineSnapshot;
    for (const child of Object.values(children as Readonly<Record<string, AnyActorRef>>)) stopActor(child);
  }

  /** Something was sent to an entity: by itself, within its step, or by a child that has come to an end. */
  received(self: MachineSelf, signal: EntitySignal): void {
    if (this.#self === self) this.#inbox.push(signal);
    else this.#ports.onSignal(self.key, signal);
  }

  current(self: MachineSelf): unknown {
    return this.#self === self ? this.#value : undefined;
  }

  #begin(self: MachineSelf, value: AnyMachineSnapshot | undefined, timers: readonly EntityTimer[]): void {
    this.#self = self;
    this.#value = value;
    this.#timers = timers;
  }

  #end(): void {
    this.#self = undefined;
    this.#value = undefined;
    this.#timers = noTimers;
    this.#actions = 'run';
    if (this.#deferred.length > 0) this.#deferred.length = 0;
    if (this.#inbox.length > 0) this.#inbox.length = 0;
  }

  #finish(self: MachineSelf, before: EntityState | undefined): EntityState {
    this.#runDeferred();
    for (let signal = this.#inbox.shift(); signal !== undefined; signal = this.#inbox.shift()) {
      if (this.#value?.status !== 'active') break;
      this.#value = this.#quick.transition(this.#value, signal, this.#scope);
      this.#runDeferred();
    }
    const value = this.#value as AnyMachineSnapshot;
    if (value.status === 'error') throw value.error;
    const timers = value.status === 'active' ? this.#timers : noTimers;
    if (before !== undefined && before.value === value && before.timers === timers) return before;
    return { value, timers, self };
  }

  #runDeferred(): void {
    const deferred = this.#deferred;
    if (deferred.length === 0) return;
    // Grows while it is gone through.
    for (const run of deferred) run();
    deferred.length = 0;
  }

  #schedule(event: EventObject, delay: number, id: string): void {
    if (!(delay < Infinity)) {
      throw new RangeError(
        `the delay of ${id} must be a finite number of milliseconds, got ${describeValue(delay)}`,
      );
    }
    const cause = this.cause === undefined ? undefined : causeLink(this.cause);
    const timer = { id, at: this.now + Math.max(0, delay), signal: event, cause };
    const others = this.#timers.filter((one) => one.id !== id);
    this.#timers = [...others, timer];
  }

  #cancel(id: string): void {
    if (this.#timers.some((timer) => timer.id === id)) {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    }
  }

  #makeSystem(): RelaySystem {
    const { clock, log } = this.#ports;
    const root = createActor(
      fromTransition((state: undefined) => state, undefined),
      {
        clock: {
          setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs, true),
          clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
        },
        logger: log,
      },
    );
    const system = root.system as RelaySystem;
    const { scheduler } = system;
    // Signals without a name that are delayed get one: two of them must not replace each other.
    let unnamed = 0;
    const isOwn = (source: unknown, target: unknown): boolean => source === this.#self && target === source;
    return {
      ...system,
      // Nobody can inspect a system of this kind, and XState tells of each step several times.
      _sendInspectionEvent: () => {},
      scheduler: {
        schedule: (
          source: AnyActorRef,
          target: AnyActorRef,
          event: EventObject,
          delay: number,
          id?: string,
        ) => {
          if (!isOwn(source, target)) scheduler.schedule(source, target, event, delay, id);
          else {
            unnamed += 1;
            this.#schedule(event, delay, id ?? `unnamed.${this.now}.${unnamed}`);
          }
        },
        cancel: (source: AnyActorRef, id: string) => {
          if (isOwn(source, source)) this.#cancel(id);
          else scheduler.cancel(source, id);
        },
        cancelAll: (source: AnyActorRef) => scheduler.cancelAll(source),
      },
    };
  }

  #makeScope(): AnyActorScope {
    const self = (): AnyActorRef => (this.#self as MachineSelf).actor;
    const { log } = this.#ports;
    return {
      get self() {
        return self();
      },
      id: this.#options.kind,
      sessionId: this.#options.kind,
      logger: log,
      system: this.#system,
      defer: (callback) => this.#deferred.push(callback),
      emit: (event: unknown) => this.emitted.push(event),
      stopChild: stopActor,
      actionExecutor: ({ exec, info, params }) => {
        if (exec === undefined || this.#actions === 'skip') return;
        if (this.#actions === 'defer') this.#deferred.push(() => exec(info, params));
        else exec(info, params);
      },
    };
  }
}

/** XState lets only its own actors stop a child. */
function stopActor(child: AnyActorRef): void {
  Reflect.apply(Reflect.get(child, '_stop') as () => void, child, []);
}
