import { DeadlockError, QueueFullError } from '../../streams/event/errors.ts';
import type { MemorySubscription } from './memory-subscription.ts';
import type { Published } from './transport.ts';

/** Ends one wait, of one event at one subscription. */
export type Admitted = () => void;

/**
 * A publish that some mailbox did not take at once: it waits for room, or was refused, or both.
 *
 * All other mailboxes have the event already. One promise serves all the waits.
 */
export class PendingPublish {
  // Made when needed: a publisher that is ahead of its subscribers waits with every event.
  #refused: Set<string> | undefined;
  #knotted: Set<string> | undefined;
  #cleanups: (() => void)[] | undefined;
  #waits = 0;
  #end: ((aborted?: AbortSignal) => void) | undefined;

  /** One more event waits at a subscription; call what is returned when it is admitted. */
  wait(): Admitted {
    this.#waits += 1;
    return this.#admitted;
  }

  /** A mailbox refused the event. */
  refuse(subscription: MemorySubscription): void {
    this.#refused ??= new Set();
    this.#refused.add(subscription.name);
  }

  /** Waiting for this mailbox would never end. */
  deadlock(subscription: MemorySubscription): void {
    this.#knotted ??= new Set();
    this.#knotted.add(subscription.name);
  }

  /** Calls `cleanup` once nothing is waited for any more. */
  finally(cleanup: () => void): void {
    this.#cleanups ??= [];
    this.#cleanups.push(cleanup);
  }

  /** The result: the publish's own, once there is room, or the error that says who did not get the event. */
  finish(published: Published, signal: AbortSignal | undefined): Published | Promise<Published> {
    if (this.#waits === 0) {
      for (const cleanup of this.#cleanups ?? []) cleanup();
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      return published;
    }
    return new Promise((resolve, reject) => {
      this.#end = (aborted) => {
        this.#end = undefined;
        for (const cleanup of this.#cleanups ?? []) cleanup();
        const refusal = this.#refusal();
        if (aborted !== undefined) reject(aborted.reason as Error);
        else if (refusal !== undefined) reject(refusal);
        else resolve(published);
      };
      if (signal !== undefined) this.#endOn(signal);
    });
  }

  #endOn(signal: AbortSignal): void {
    const abort = (): void => this.#end?.(signal);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    this.finally(() => signal.removeEventListener('abort', abort));
  }

  /** What is wrong if any mailbox did not take the event. */
  #refusal(): Error | undefined {
    if (this.#knotted !== undefined) {
      return new DeadlockError(
        `publish from a handler would wait for itself: the mailbox of ${[...this.#knotted].join(', ')} is full ` +
          'and all its handlers wait to publish; raise its capacity, or choose an overflow policy other than block',
      );
    }
    if (this.#refused !== undefined) {
      const names = [...this.#refused];
      return new QueueFullError(
        `the mailbox of ${names.join(', ')} is full and refused the event; all other subscribers have it. ` +
          'Publish again later under the same id, raise capacity, or choose another overflow policy',
        names,
      );
    }
    return undefined;
  }

  readonly #admitted = (): void => {
    this.#waits -= 1;
    if (this.#waits === 0) this.#end?.();
  };
}
