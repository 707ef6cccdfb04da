import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { SideOutput } from '../streams/operators/side-output.ts';
import type { OptionNames } from '../streams/event/check-options.ts';
import type { SubscriberOptions } from './options.ts';

/** What a stream of events may choose. Everything is checked when the stream is made. */
export interface StreamOptions<Event extends EventEnvelope = EventEnvelope> extends Pick<
  SubscriberOptions<Event>,
  'durable' | 'from' | 'mailbox' | 'order' | 'filter' | 'minPriority' | 'sample' | 'dedupe'
> {
  /**
   * Unique on its bus, so that such a stream has one subscription at a time. With a durable transport the
   * position is kept under it. Default: made anew for each subscription.
   */
  readonly name?: string;
  /** How many events may be out and not acknowledged. Default `16`. */
  readonly prefetch?: number;
  /**
   * `'auto'` (default): an event is acknowledged when `next` has returned. `'manual'`: deliveries are
   * emitted, and whoever gets one settles it.
   */
  readonly ack?: 'auto' | 'manual';
  /** Takes the events that the mailbox drops, and those that wait when the stream is left. */
  readonly dropped?: SideOutput<Event>;
}

/** All of them. */
export const streamOptionNames: OptionNames<StreamOptions> = {
  name: true,
  durable: true,
  from: true,
  prefetch: true,
  ack: true,
  mailbox: true,
  order: true,
  filter: true,
  minPriority: true,
  sample: true,
  dedupe: true,
  dropped: true,
};
