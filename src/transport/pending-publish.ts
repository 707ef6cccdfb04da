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
  readonly #refused = new Set<string>();
  readonly #knotted = new Set<string>();
  readonly #cleanups: (() => void)[] = [];
  #waits = 0;
  #resolve: (() => void) | undefined;

  /** One more event waits at a subscription; call what is returned when it is admitted. */
  wait(): Admitted {
    this.#waits += 1;
    return this.#admitted;
  }

  /** A mailbox refused the event. */
  refuse(subscription: MemorySubscription): void {
    this.#refused.add(subscription.name);
  }

  /** Waiting for this mailbox would never end. */
  deadlock(subscription: MemorySubscription): void {
    this.#knotted.add(subscription.name);
  }

  /** Calls `cleanup` once nothing is waited for any more. */
  finally(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** The result: the publish's own, once there is room, or the error that says who did not get the event. */
  async finish(published: Published, signal: AbortSignal | undefined): Promise<Published> {
    try {
      if (this.#waits > 0) await this.#admission(signal);
    } finally {
      for (const cleanup of this.#cleanups) cleanup();
    }
    this.throwRefusals();
    return published;
  }

  /** @throws DeadlockError or QueueFullError if any mailbox did not take the event. */
  throwRefusals(): void {
    if (this.#knotted.size > 0) {
      throw new DeadlockError(
        `publish from a handler would wait for itself: the mailbox of ${[...this.#knotted].join(', ')} is full ` +
          'and all its handlers wait to publish; raise its capacity, or choose an overflow policy other than block',
      );
    }
    if (this.#refused.size > 0) {
      const names = [...this.#refused];
      throw new QueueFullError(
        `the mailbox of ${names.join(', ')} is full and refused the event; all other subscribers have it. ` +
          'Publish again later under the same id, raise capacity, or choose another overflow policy',
        names,
      );
    }
  }

  #admission(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      if (signal === undefined) return;
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.finally(() => signal.removeEventListener('abort', abort));
    });
  }

  readonly #admitted = (): void => {
    this.#waits -= 1;
    if (this.#waits === 0) this.#resolve?.();
  };
}
