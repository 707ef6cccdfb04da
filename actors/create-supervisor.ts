import { createActor, type Actor } from 'xstate';
import type { Clock } from '../streams/event/clock.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { Random } from '../streams/event/random.ts';
import { backoff, type BackoffOptions } from '../streams/operators/backoff.ts';
import { supervisionMachine, type SupervisionInput } from './supervisor.ts';

/** How often a child is restarted, and how soon. */
export interface SupervisorOptions {
  /** Restarts of one child within `withinMs` before it is given up. Default `3`. */
  readonly maxRestarts?: number;
  /** Milliseconds for which a restart counts. Default `60_000`. */
  readonly withinMs?: number;
  /** How long a child stays down before its restart. Default: 100 ms, doubling up to 10 s, ± 20 %. */
  readonly backoff?: BackoffOptions;
  /** Called once for every child that is given up, after its own `giveUp`. */
  readonly onGiveUp?: (failure: ChildFailure) => void;
}

/** A child that was given up. */
export interface ChildFailure {
  readonly id: string;
  /** What it crashed with last. */
  readonly error: unknown;
  /** How often it had been restarted within `withinMs`. */
  readonly restarts: number;
}

/** What a supervisor does to a child. */
export interface SupervisedChild {
  /** Goes on after a crash. What it throws is a crash too. */
  restart(): void;
  /** Will not be restarted any more. */
  giveUp(): void;
}

/** What a supervisor takes from its surroundings. */
export interface SupervisorPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Restarts children that crash. */
export interface Supervisor {
  /** Takes a child into its care, until `forget`. */
  watch(id: string, child: SupervisedChild): void;
  /** The child has crashed, and is down. Ignored for a child that it does not watch. */
  crashed(id: string, error: unknown): void;
  /** The child was restarted by hand: it is watched as if it had never crashed. */
  revived(id: string): void;
  /** Lets go of a child; a restart that is due will not come. */
  forget(id: string): void;
  /** Lets go of all. Idempotent. */
  close(): void;
}

interface Watched {
  readonly child: SupervisedChild;
  /** Made at the first crash: most children never need one. */
  actor?: Actor<typeof supervisionMachine>;
}

/**
 * Creates a supervisor: a child that crashes is restarted after a backoff; one that crashes again and again
 * is given up.
 *
 * Each child has an actor of its own, so that the crashes of one neither delay nor count against another.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * const supervisor = createSupervisor({ maxRestarts: 1 }, { clock: createSystemClock(), random: Math.random });
 * supervisor.watch('billing', { restart: () => console.log('again'), giveUp: () => console.log('never') });
 * supervisor.crashed('billing', new Error('lost its socket')); // => again, after about 100 ms
 * ```
 */
export function createSupervisor(options: SupervisorOptions, ports: SupervisorPorts): Supervisor {
  const { maxRestarts = 3, withinMs = 60_000, onGiveUp } = options;
  if (!(maxRestarts >= 0)) {
    throw new RangeError(`maxRestarts must be at least 0, got ${describeValue(maxRestarts)}`);
  }
  if (!(withinMs > 0)) throw new RangeError(`withinMs must be above 0, got ${describeValue(withinMs)}`);
  const delayMs = backoff({ maxMs: 10_000, jitter: 0.2, ...options.backoff });
  const input = { ...ports, maxRestarts, withinMs, delayMs };
  const children = new Map<string, Watched>();

  function supervise(id: string, { child }: Watched): Actor<typeof supervisionMachine> {
    const actor = startActor(input);
    actor.on('restart', () => {
      try {
        child.restart();
      } catch (error) {
        actor.send({ type: 'crash', error });
      }
    });
    actor.on('giveUp', ({ error, restarts }) => {
      child.giveUp();
      onGiveUp?.({ id, error, restarts });
    });
    return actor;
  }

  function forget(id: string): void {
    children.get(id)?.actor?.stop();
    children.delete(id);
  }

  return {
    watch(id, child) {
      if (children.has(id)) throw new TypeError(`a child ${describeValue(id)} is watched already`);
      children.set(id, { child });
    },
    crashed(id, error) {
      const watched = children.get(id);
      if (watched === undefined) return;
      watched.actor ??= supervise(id, watched);
      watched.actor.send({ type: 'crash', error });
    },
    revived: (id) => children.get(id)?.actor?.send({ type: 'revived' }),
    forget,
    close() {
      for (const id of children.keys()) forget(id);
    },
  };
}

function startActor(input: SupervisionInput): Actor<typeof supervisionMachine> {
  const { clock } = input;
  return createActor(supervisionMachine, {
    input,
    clock: {
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
    },
  }).start();
}
