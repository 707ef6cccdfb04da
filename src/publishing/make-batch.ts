import { EventDraft } from '../../streams/event/define-event.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { ValidEnvelope } from '../../streams/event/envelope.ts';
import { BatchError } from '../../streams/event/errors.ts';
import type { Publishable } from '../../streams/event/publish.ts';
import type { EventFactory } from './event-factory.ts';

/** How many events a batch may hold: it is validated and delivered without a pause. */
const maxBatch = 100_000;

/**
 * Makes every event of a batch before any is published: a promise only where a schema is asynchronous.
 *
 * @throws BatchError when one is refused, which refuses all, or when there are too many.
 */
export function makeBatch(
  factory: EventFactory,
  events: readonly Publishable[],
): ValidEnvelope[] | Promise<ValidEnvelope[]> {
  if (!Array.isArray(events)) throw new TypeError('publishBatch takes an array of drafts or events');
  if (events.length > maxBatch) {
    throw new BatchError(
      `a batch holds at most ${maxBatch} events, got ${events.length}; split it`,
      maxBatch,
    );
  }
  const batch = new Batch(factory);
  for (const [index, subject] of (events as readonly Publishable[]).entries()) {
    const wait = batch.add(subject, index);
    if (wait !== undefined) return addRest(batch, events, index + 1, wait);
  }
  return batch.made;
}

async function addRest(
  batch: Batch,
  events: readonly Publishable[],
  from: number,
  first: Promise<void>,
): Promise<ValidEnvelope[]> {
  await first;
  for (const [offset, subject] of events.slice(from).entries()) await batch.add(subject, from + offset);
  return batch.made;
}

class Batch {
  readonly made: ValidEnvelope[] = [];
  readonly #factory: EventFactory;
  readonly #given = new Set<string>();

  constructor(factory: EventFactory) {
    this.#factory = factory;
  }

  /** Makes the event at `index` and adds it; a promise where its schema takes time. */
  add(subject: Publishable, index: number): Promise<void> | undefined {
    try {
      const event = this.#factory.make(subject, undefined, undefined, undefined);
      if (event instanceof Promise) {
        return event
          .then((made) => this.#keep(made, subject))
          .catch((error: unknown) => refuse(error, index));
      }
      this.#keep(event, subject);
    } catch (error) {
      refuse(error, index);
    }
    return undefined;
  }

  #keep(event: ValidEnvelope, subject: Publishable): void {
    if (bringsId(subject)) {
      if (this.#given.has(event.id)) throw new TypeError(`id ${event.id} stands in the batch twice`);
      this.#given.add(event.id);
    }
    this.made.push(event);
  }
}

function refuse(error: unknown, index: number): never {
  throw new BatchError(
    `event ${index} of the batch was refused, so none was published: ${describeError(error)}`,
    index,
    { cause: error },
  );
}

/** Ids that the factory makes are new, and costly to look up: only those from elsewhere can meet. */
function bringsId(subject: Publishable): boolean {
  return !(subject instanceof EventDraft) || subject.fields?.id !== undefined;
}
