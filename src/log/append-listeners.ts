import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { AppendListener } from '../event-log.ts';

interface Told {
  readonly first: number;
  readonly events: readonly EventEnvelope[];
  readonly appendedAt: number;
}

/** Tells listeners of appends: each of all, in order, also when one of them appends while it is told. */
export class AppendListeners {
  readonly #listeners = new Set<{ readonly hear: AppendListener }>();
  #waiting: Told[] | undefined;

  add(hear: AppendListener): () => void {
    // An object of its own: one function may be added twice, and ends once each.
    const entry = { hear };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  tell(first: number, events: readonly EventEnvelope[], appendedAt: number): void {
    if (this.#listeners.size === 0) return;
    if (this.#waiting !== undefined) {
      this.#waiting.push({ first, events, appendedAt });
      return;
    }
    this.#waiting = [{ first, events, appendedAt }];
    try {
      // Grows while it is gone through.
      for (const told of this.#waiting) {
        for (const { hear } of this.#listeners) hear(told.first, told.events, told.appendedAt);
      }
    } finally {
      this.#waiting = undefined;
    }
  }
}
