import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Published } from '../transport/transport.ts';

type Answer = Published | Promise<Published>;

/**
 * Remembers publishes by the id of their first event for some time, as a stream of JetStream does: one that arrives
 * again is answered as before, and not carried out. One that failed may be tried again.
 */
export class DuplicateWindow {
  readonly #windowMs: number;
  /** Oldest first. */
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Answer }>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The answer of the first publish of these events, or that of `publish`, which is remembered. */
  async once(events: readonly EventEnvelope[], now: number, publish: () => Answer): Promise<Published> {
    for (const [id, { at }] of this.#answers) {
      if (now - at < this.#windowMs) break;
      this.#answers.delete(id);
    }
    const id = events[0]?.id ?? '';
    const known = this.#answers.get(id);
    if (known !== undefined) return known.answer;
    const answer = publish();
    if (this.#windowMs > 0) this.#answers.set(id, { at: now, answer });
    try {
      return await answer;
    } catch (error) {
      this.#answers.delete(id);
      throw error;
    }
  }
}
