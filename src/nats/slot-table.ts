import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BatchError } from '../../streams/event/errors.ts';
import { laneOf } from '../../streams/event/priority.ts';
import type { Slot } from './event-batch.ts';
import { partitionOf } from './partition-of.ts';

/** Types that are kept; beyond, those with nothing under way are made again. */
const maxTypes = 10_000;

/** Which slot an event gathers in: one for each type, lane and partition. Two look-ups an event. */
export class SlotTable {
  readonly #subjectOf: (event: EventEnvelope, partition: number) => string;
  readonly #partitions: number;
  readonly #slots = new Map<string, (Slot | undefined)[]>();

  constructor(partitions: number, subjectOf: (event: EventEnvelope, partition: number) => string) {
    this.#partitions = partitions;
    this.#subjectOf = subjectOf;
  }

  /** Events without a key keep together by type, so that they still share messages. */
  readonly slotOf = (event: EventEnvelope): Slot => {
    const { type, key } = event;
    const partition = this.#partitions === 1 ? 0 : partitionOf(key ?? type, this.#partitions);
    const place = laneOf(event.priority) * this.#partitions + partition;
    let slots = this.#slots.get(type);
    if (slots === undefined) {
      if (this.#slots.size >= maxTypes) this.#forgetIdle();
      slots = [];
      this.#slots.set(type, slots);
    }
    const slot = slots[place];
    if (slot !== undefined) return slot;
    const made: Slot = { subject: this.#subjectOf(event, partition), open: undefined, inFlight: 0 };
    slots[place] = made;
    return made;
  };

  /** Where a batch goes: it is one message, and a message has one subject. @throws BatchError */
  sharedSlot(events: readonly [EventEnvelope, ...EventEnvelope[]]): Slot {
    const slot = this.slotOf(events[0]);
    const at = events.findIndex((event) => this.slotOf(event) !== slot);
    const other = events[at];
    if (other === undefined) return slot;
    const [alike, remedy] =
      this.#partitions === 1
        ? ['type and priority', 'Publish']
        : ['type, priority and partition', 'Give them one key, or publish'];
    throw new BatchError(
      `a batch on NATS is one message, of one ${alike}: event ${at} goes to ${this.slotOf(other).subject}, the first ` +
        `to ${slot.subject}. ${remedy} them one by one`,
      at,
    );
  }

  #forgetIdle(): void {
    for (const [type, slots] of this.#slots) {
      const busy = slots.some((slot) => slot !== undefined && (slot.open !== undefined || slot.inFlight > 0));
      if (!busy) this.#slots.delete(type);
    }
  }
}
