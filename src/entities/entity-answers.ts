import { Subject, type Observable } from 'rxjs';
import { ClosedError } from '../../streams/event/errors.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Barrier extends Waiter {
  readonly position: number;
}

/** Who waits to hear of a kind's entities: of an event that was sent, of a position, of every change of a key. */
export class EntityAnswers {
  /** By the event's id: one id may be sent twice at a time. */
  readonly #events = new Map<string, Waiter[]>();
  #barriers: Barrier[] = [];
  readonly #watched = new Map<string, Subject<void>>();

  /** Whether anyone waits for events; costs nothing to ask. */
  get expecting(): boolean {
    return this.#events.size > 0;
  }

  /** Whether anyone waits for a position. */
  get waiting(): boolean {
    return this.#barriers.length > 0;
  }

  /** Resolves when the event has been handled and kept; rejects when it was given up. */
  expect(id: string): { readonly done: Promise<void>; readonly forget: () => void } {
    let own: Waiter | undefined;
    const done = new Promise<void>((resolve, reject) => {
      own = { resolve, reject };
      this.#events.set(id, [...(this.#events.get(id) ?? []), own]);
    });
    // The sender may fail before it comes to wait.
    done.catch(() => {});
    const forget = (): void => {
      const others = (this.#events.get(id) ?? []).filter((waiter) => waiter !== own);
      if (others.length > 0) this.#events.set(id, others);
      else this.#events.delete(id);
    };
    return { done, forget };
  }

  handled(id: string): void {
    for (const { resolve } of this.#taken(id)) resolve();
  }

  failed(id: string, error: unknown): void {
    for (const { reject } of this.#taken(id)) reject(error);
  }

  #taken(id: string): readonly Waiter[] {
    const waiters = this.#events.get(id) ?? [];
    this.#events.delete(id);
    return waiters;
  }

  /** Resolves when all up to that position is kept. */
  whenKept(position: number): { readonly done: Promise<void>; readonly forget: () => void } {
    let barrier: Barrier | undefined;
    const done = new Promise<void>((resolve, reject) => {
      barrier = { position, resolve, reject };
      this.#barriers.push(barrier);
    });
    return {
      done,
      forget: () => {
        this.#barriers = this.#barriers.filter((one) => one !== barrier);
      },
    };
  }

  reached(position: number): void {
    if (this.#barriers.length === 0) return;
    const barriers = this.#barriers;
    this.#barriers = barriers.filter((barrier) => barrier.position > position);
    for (const barrier of barriers) if (barrier.position <= position) barrier.resolve();
  }

  /** Tells of each change of a key that is kept. */
  changes(key: string): { readonly changed$: Observable<void>; readonly leave: () => void } {
    let subject = this.#watched.get(key);
    if (subject === undefined) {
      subject = new Subject();
      this.#watched.set(key, subject);
    }
    const watched = subject;
    return {
      changed$: watched.asObservable(),
      leave: () => {
        if (!watched.observed && this.#watched.get(key) === watched) this.#watched.delete(key);
      },
    };
  }

  changed(key: string): void {
    if (this.#watched.size > 0) this.#watched.get(key)?.next();
  }

  close(kind: string): void {
    const error = new ClosedError(`the host of ${kind} was stopped before it had an answer`);
    for (const { reject } of [...[...this.#events.values()].flat(), ...this.#barriers]) reject(error);
    this.#events.clear();
    this.#barriers = [];
    for (const subject of this.#watched.values()) subject.complete();
    this.#watched.clear();
  }
}
