import type { AnyActorRef } from 'xstate';
import { isActorDefinition, type ActorDefinition } from '../../actors/define-actor.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { ConflictError, hasCode } from '../../streams/event/errors.ts';
import type { Logger } from '../logger.ts';
import type { BusRequests } from '../requests/request-options.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import { ExposedActor } from './exposed-actor.ts';
import { remoteRef, type RemoteActorRef } from './remote-ref.ts';

/** Who may wait for changes of one actor at once. */
const maxWatchers = 1000;
/** Milliseconds in which another process that has the name would say so. */
const helloMs = 2000;

/** An actor that others can reach: made by `bus.expose`. */
export interface Exposed extends AsyncDisposable {
  readonly name: string;
  /** Resolves when others reach it; rejects with ConflictError when another process exposes that name already. */
  readonly ready: Promise<void>;
  /** Others reach it no more. The actor itself goes on. Idempotent. */
  stop(): Promise<void>;
}

/** What shows an actor to others. */
export type ViewOf<ViewInput> = (snapshot: never) => ViewInput;

/** The part of a bus that has to do with actors of other processes. */
export interface BusActors {
  /**
   * Lets others reach an actor of XState by a name: they send it signals and watch what `viewOf` makes of its
   * snapshots. One process exposes a name; a second is refused, unless both begin within the same instant.
   */
  expose<SignalInput, Signal, ViewInput, View, Actor extends AnyActorRef>(
    this: void,
    definition: ActorDefinition<SignalInput, Signal, ViewInput, View>,
    actor: Actor,
    viewOf: (snapshot: ReturnType<Actor['getSnapshot']>) => ViewInput,
  ): Exposed;
  /** An actor that a process exposes, this one or another: to send it signals, ask it, or watch it. */
  actor<SignalInput, Signal, ViewInput, View>(
    this: void,
    definition: ActorDefinition<SignalInput, Signal, ViewInput, View>,
  ): RemoteActorRef<SignalInput, View>;
}

export interface RemoteActorsPorts extends BusRequests {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/** The actors that one bus exposes. */
export class RemoteActors {
  readonly #ports: RemoteActorsPorts;
  readonly #names = new Set<string>();

  constructor(ports: RemoteActorsPorts) {
    this.#ports = ports;
  }

  /** As a bus has them: what an actor takes and shows follows from the definition. */
  get calls(): BusActors {
    return {
      expose: ((definition: ActorDefinition, actor: AnyActorRef, viewOf: ViewOf<unknown>) =>
        this.expose(definition, actor, viewOf)) as BusActors['expose'],
      actor: ((definition: ActorDefinition) => this.ref(definition)) as BusActors['actor'],
    };
  }

  /** @throws TypeError */
  ref(definition: ActorDefinition): RemoteActorRef {
    checkDefinition('actor', definition);
    return remoteRef(definition, this.#ports);
  }

  /** @throws TypeError, ClosedError, TransportError */
  expose(definition: ActorDefinition, actor: AnyActorRef, viewOf: ViewOf<unknown>): Exposed {
    checkDefinition('expose', definition);
    checkActor(actor);
    if (typeof viewOf !== 'function') {
      throw new TypeError(`expose takes a function of the actor's snapshots, got ${describeValue(viewOf)}`);
    }
    const { name } = definition;
    if (this.#names.has(name)) throw new TypeError(`an actor named ${name} is exposed already on this bus`);
    this.#names.add(name);
    const { clock, logger, newId } = this.#ports;
    const exposed = new ExposedActor({ name, run: newId(), viewOf }, actor, clock);
    const responders: Subscription[] = [];
    let stopping: Promise<void> | undefined;
    const stopNow = async (): Promise<void> => {
      exposed.close();
      await Promise.all(responders.map((responder) => responder.unsubscribe()));
      this.#names.delete(name);
    };
    const stop = (): Promise<void> => (stopping ??= stopNow());
    const begin = async (): Promise<void> => {
      await this.#refuseTaken(definition);
      if (stopping === undefined) responders.push(...this.#respond(definition, exposed));
    };
    const ready = begin();
    ready.catch((error: unknown) => {
      logger.error({ actor: name, error }, `actor ${name} is not exposed: ${describeError(error)}`);
      void stop();
    });
    return { name, ready, stop, [Symbol.asyncDispose]: stop };
  }

  #respond({ name, send, watch }: ActorDefinition, exposed: ExposedActor): Subscription[] {
    const { respond } = this.#ports;
    return [
      // One after the other: an actor takes its signals in the order in which they were sent.
      respond(send, ({ data }) => exposed.take(data), { name: `actor.${name}.send`, concurrency: 1 }),
      respond(watch, ({ data }) => exposed.watch(data), {
        name: `actor.${name}.watch`,
        concurrency: maxWatchers,
        timeoutMs: 120_000,
      }),
    ];
  }

  async #refuseTaken({ name, watch }: ActorDefinition): Promise<void> {
    try {
      await this.#ports.ask(watch, { run: '', version: 0, waitMs: 0 }, { timeoutMs: helloMs });
    } catch (error) {
      if (hasCode(error, 'ERR_ASK_NO_RESPONDER')) return;
      // Somebody is there, if silent, or not of this form.
      if (!hasCode(error, 'ERR_ASK_TIMEOUT') && !hasCode(error, 'ERR_ASK_MALFORMED')) throw error;
    }
    throw new ConflictError(`an actor named ${name} is exposed by another process; names are unique`);
  }
}

function checkDefinition(caller: string, definition: unknown): void {
  if (isActorDefinition(definition)) return;
  throw new TypeError(`${caller} takes what defineActor gives, got ${describeValue(definition)}`);
}

function checkActor(actor: unknown): void {
  const parts = (typeof actor === 'object' && actor !== null ? actor : {}) as Partial<AnyActorRef>;
  if (
    typeof parts.send === 'function' &&
    typeof parts.getSnapshot === 'function' &&
    typeof parts.subscribe === 'function'
  ) {
    return;
  }
  throw new TypeError(`expose takes an actor of XState, got ${describeValue(actor)}`);
}
