import type { HeldMessage } from './held-message.ts';
import type { OpenMessage, Settled } from './partition-progress.ts';

/** How many settled messages are remembered, for those whose acknowledgement got lost. */
const rememberedMessages = 4096;

const nothingSettled: Settled = { through: 0, open: [] };

/** Which messages of a consumer have been settled, by this process or by owners before it. */
export class MessageLedger {
  readonly #before: number;
  /** Messages that owners before left open, and that have not come yet; with the places that they settled. */
  readonly #open: Map<number, ReadonlySet<number>>;
  readonly #done = new Set<number>();
  /** Messages that came and come again, with the places of what was settled. */
  readonly #again = new Map<number, ReadonlySet<number>>();
  #last = 0;

  constructor({ through, open }: Settled = nothingSettled) {
    this.#before = through;
    this.#open = new Map(open.map(([sequence, ...places]) => [sequence, new Set(places)]));
  }

  /** A message has come that is not held. Gives the places of its events that are settled already. */
  arrived(sequence: number): ReadonlySet<number> | undefined {
    if (sequence > this.#last) this.#last = sequence;
    const again = this.#again.get(sequence);
    this.#again.delete(sequence);
    // Messages come in order: those that were left open before this one are in the stream no more.
    for (const earlier of this.#open.keys()) {
      if (earlier >= sequence) break;
      this.#open.delete(earlier);
    }
    const places = this.#open.get(sequence);
    this.#open.delete(sequence);
    return again ?? places;
  }

  /** Whether a message that is not held needs no more care. */
  isSettled(sequence: number): boolean {
    if (this.#done.has(sequence)) return true;
    return sequence <= this.#before && !this.#open.has(sequence) && !this.#again.has(sequence);
  }

  settled(sequence: number): void {
    this.#done.add(sequence);
    if (this.#done.size <= rememberedMessages) return;
    const [oldest] = this.#done;
    if (oldest !== undefined) this.#done.delete(oldest);
  }

  /** It comes again. */
  givenBack(sequence: number, settled: Iterable<number> = []): void {
    this.#again.set(sequence, new Set(settled));
  }

  /** How far all has come, with what is held now. */
  progress(held: Iterable<HeldMessage>): Settled {
    const open: OpenMessage[] = [];
    for (const message of held) open.push([message.sequence, ...message.settledPlaces]);
    for (const [sequence, places] of this.#again) open.push([sequence, ...places]);
    for (const [sequence, places] of this.#open) open.push([sequence, ...places]);
    open.sort(([a], [b]) => a - b);
    return { through: Math.max(this.#before, this.#last), open };
  }
}
