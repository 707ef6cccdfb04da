import type { AnyActorRef, EventObject } from 'xstate';
import type { EntitySignal } from './entity-logic.ts';

/** Takes what is sent to an entity's machine. */
export interface SignalReceiver {
  received(self: MachineSelf, signal: EntitySignal): void;
  current(self: MachineSelf): unknown;
}

/** The parts of XState's system that refs use; not all of them are in its types. */
export type RelaySystem = AnyActorRef['system'] & {
  readonly _relay: (source: unknown, target: unknown, event: EventObject) => void;
  readonly _sendInspectionEvent: (event: unknown) => void;
};

/**
 * What actions and children of an entity's machine know as its actor.
 *
 * There is no actor of XState's behind it: an entity is a snapshot, and its host the one who makes transitions. So
 * it costs a few words, and a transition that throws leaves nothing to be restarted.
 */
export class MachineSelf {
  readonly id: string;
  readonly sessionId: string;
  readonly key: string;
  readonly system: RelaySystem;
  /** An entity has no parent. Children look for one. */
  readonly _parent = undefined;
  readonly #receiver: SignalReceiver;

  constructor(key: string, system: RelaySystem, receiver: SignalReceiver) {
    this.id = key;
    this.sessionId = key;
    this.key = key;
    this.system = system;
    this.#receiver = receiver;
  }

  /** As the rest of XState sees it. */
  get actor(): AnyActorRef {
    return this as unknown as AnyActorRef;
  }

  get ref(): AnyActorRef {
    return this.actor;
  }

  readonly send = (signal: EntitySignal): void => this.#receiver.received(this, signal);

  _send(signal: EntitySignal): void {
    this.#receiver.received(this, signal);
  }

  getSnapshot(): unknown {
    return this.#receiver.current(this);
  }

  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }
}
