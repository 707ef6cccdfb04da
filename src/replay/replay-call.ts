import { HandlerCall, type CallOwner } from '../../actors/handler-call.ts';
import type { HandlerContext, PublishReceipt } from '../../actors/handler.ts';
import type { EventFields } from '../../streams/event/define-event.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import type { LogRecord } from '../event-log.ts';

/** One call of a handler in a replay: its context says so. */
export class ReplayCall extends HandlerCall {
  constructor({ event, position }: LogRecord, owner: CallOwner, startedAt: number) {
    // Nobody settles it: what a replay has played is said by its position.
    super({ event, attempt: 1, position, ack() {}, nak() {}, term() {} }, owner, startedAt, 0);
  }

  override get replay(): boolean {
    return true;
  }
}

/**
 * The `publish` of a handler whose events go nowhere: they are made and checked as ever, so that what would be
 * refused is refused, and the receipt says level `none`.
 */
export function suppressedPublish(factory: EventFactory, call: HandlerCall): HandlerContext['publish'] {
  return async (subject: unknown, data?: unknown, fields?: EventFields): Promise<PublishReceipt> => {
    const { id } = await factory.make(subject, data, fields, call.delivery.event);
    return { id, level: 'none', subscribers: 0 };
  };
}
