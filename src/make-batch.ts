import { EventDraft } from '../streams/event/define-event.ts';
import { describeError } from '../streams/event/describe-error.ts';
import type { ValidEnvelope } from '../streams/event/envelope.ts';
import { BatchError } from '../streams/event/errors.ts';
import type { Publishable } from '../streams/event/publish.ts';
import type { EventFactory } from './event-factory.ts';

/** How many events a batch may hold: it is validated and delivered without a pause. */
const maxBatch = 100_000;

/**
 * Makes every event of a batch before any is published.
 *
 * @throws BatchError when one is refused, which refuses all, or when there are too many.
 */
export async function makeBatch(
  factory: EventFactory,
  events: readonly Publishable[],
): Promise<ValidEnvelope[]> {
  if (!Array.isArray(events)) throw new TypeError('publishBatch takes an array of drafts or events');
  if (events.length > maxBatch) {
    throw new BatchError(
      `a batch holds at most ${maxBatch} events, got ${events.length}; split it`,
      maxBatch,
    );
  }
  const made: ValidEnvelope[] = [];
  const given = new Set<string>();
  for (const [index, subject] of events.entries()) {
    try {
      const event = factory.make(subject, undefined, undefined, undefined);
      const valid = event instanceof Promise ? await event : event;
      if (bringsId(subject)) {
        if (given.has(valid.id)) throw new TypeError(`id ${valid.id} stands in the batch twice`);
        given.add(valid.id);
      }
      made.push(valid);
    } catch (error) {
      throw new BatchError(
        `event ${index} of the batch was refused, so none was published: ${describeError(error)}`,
        index,
        { cause: error },
      );
    }
  }
  return made;
}

/** Ids that the factory makes are new, and costly to look up: only those from elsewhere can meet. */
function bringsId(subject: Publishable): boolean {
  return !(subject instanceof EventDraft) || subject.fields?.id !== undefined;
}
