import type { Unsubscribable } from 'rxjs';
import type { AnyActorRef } from 'xstate';
import type { ActorFrame, ActorPoll } from '../../actors/define-actor.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { FatalError } from '../../streams/event/errors.ts';

/** Who waits for a change. */
interface Waiting {
  readonly end: () => void;
  readonly timer: TimerHandle;
}

/**
 * One actor as others see it: takes their signals, and tells them of changes.
 *
 * A watcher asks with what it has; the answer waits until there is more, so that a watcher that is slow gets the latest
 * view and holds up nobody. Nothing is computed of a snapshot that nobody asks for.
 */
export class ExposedActor {
  readonly #name: string;
  readonly #run: string;
  readonly #actor: AnyActorRef;
  readonly #viewOf: (snapshot: never) => unknown;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  readonly #watching: Unsubscribable;
  #version = 1;
  #status: ActorFrame['status'] = 'active';

  constructor(
    about: { readonly name: string; readonly run: string; readonly viewOf: (snapshot: never) => unknown },
    actor: AnyActorRef,
    clock: Clock,
  ) {
    this.#name = about.name;
    this.#run = about.run;
    this.#viewOf = about.viewOf;
    this.#actor = actor;
    this.#clock = clock;
    const { status } = snapshotOf(actor);
    this.#status = status;
    this.#watching = actor.subscribe({
      next: () => this.#changed(snapshotOf(actor).status),
      error: () => this.#changed('error'),
      complete: () => this.#changed(snapshotOf(actor).status === 'stopped' ? 'stopped' : 'done'),
    });
  }

  /** @throws FatalError for what is no signal for it, or when it takes none any more. */
  readonly take = (signal: unknown): undefined => {
    const { type } = (typeof signal === 'object' && signal !== null ? signal : {}) as { type?: unknown };
    if (typeof type !== 'string' || type.startsWith('xstate.') || type.startsWith('breakwater.')) {
      throw new FatalError(`actor ${this.#name} takes no signal of type ${describeValue(type)}`);
    }
    if (this.#status !== 'active') {
      throw new FatalError(`actor ${this.#name} takes no signals any more: it is ${this.#status}`);
    }
    this.#actor.send(signal);
    return undefined;
  };

  /** Answers at once what has changed since; else waits for it. */
  readonly watch = async ({ run, version, waitMs }: ActorPoll): Promise<ActorFrame> => {
    const knows = (): boolean => run === this.#run && version === this.#version;
    if (knows() && this.#status === 'active' && waitMs > 0) await this.#change(waitMs);
    const about = { run: this.#run, version: this.#version, status: this.#status };
    return knows() ? about : { ...about, view: this.#viewOf(this.#actor.getSnapshot() as never) };
  };

  /** Tells those who wait that it is not here any more. */
  close(): void {
    this.#watching.unsubscribe();
    for (const { end } of this.#waiting) end();
  }

  #change(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#clock.clearTimeout(waiting.timer);
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting: Waiting = { end, timer: this.#clock.setTimeout(end, waitMs, true) };
      this.#waiting.add(waiting);
    });
  }

  #changed(status: ActorFrame['status']): void {
    this.#version += 1;
    this.#status = status;
    for (const { end } of this.#waiting) end();
  }
}

function snapshotOf(actor: AnyActorRef): { readonly status: ActorFrame['status'] } {
  return actor.getSnapshot() as { status: ActorFrame['status'] };
}
