import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportPublishOptions,
} from '../transport/transport.ts';
import type { Timeline } from './timeline.ts';
import { withMembers } from './with-members.ts';

/** What a recorded transport tells, and asks. */
export interface RecordedPorts {
  readonly timeline: Timeline;
  /** Hears of each event that the transport took from a publisher. */
  readonly onPublished: (event: EventEnvelope) => void;
  /** Whether the process still lives: a dead one publishes nothing, and never learns of it. */
  readonly alive: () => boolean;
}

/**
 * Makes a transport write down what is published through it.
 *
 * It hides `hears`, so that events which reach nobody are made and recorded, too. All else is as it was.
 */
export function recordedTransport(factory: TransportFactory, ports: RecordedPorts): TransportFactory {
  return (given) => {
    const transport = factory(given);
    return withMembers<Transport>(transport, {
      hears: undefined,
      publish: publishRecorded(transport, ports),
    });
  };
}

function publishRecorded(transport: Transport, { timeline, onPublished, alive }: RecordedPorts) {
  return (
    events: readonly EventEnvelope[],
    options?: TransportPublishOptions,
  ): Published | Promise<Published> => {
    if (!alive()) return new Promise(() => {});
    const { to } = options ?? {};
    for (const event of events) {
      if (to === undefined) timeline.published(event);
      else timeline.add({ what: 'requeued', eventId: event.id, subscriber: to });
    }
    const refused = (error: unknown): never => {
      for (const event of events)
        timeline.add({ what: 'refused', eventId: event.id, note: describeError(error) });
      throw error;
    };
    const accepted = (): void => {
      if (to === undefined) events.forEach(onPublished);
    };
    try {
      // Each publish by itself: what is refused is to be on the record.
      const alone = options?.together === true ? { ...options, together: false } : options;
      const published = transport.publish(events, alone);
      accepted();
      return published instanceof Promise ? published.catch(refused) : published;
    } catch (error) {
      return refused(error);
    }
  };
}
