import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { formatRfc3339 } from '../../streams/event/rfc3339.ts';

/** Which messages of a stream are looked through. */
export interface ScanRange {
  readonly stream: string;
  /** The first sequence, or a time in milliseconds since the epoch. */
  readonly from: { readonly sequence: number } | { readonly time: number };
  /** Default: all. */
  readonly subject?: string;
  readonly headersOnly: boolean;
}

/** Messages that are asked for at once: heads are small, bodies may have a megabyte. */
const heads = 1_000;
const bodies = 64;
const expiresMs = 5_000;

/**
 * Gives the messages that a stream has at this moment, in their order, by a consumer of its own that is deleted at the
 * end; sooner, when nobody goes on. Servers from 2.9 know all that it takes.
 *
 * @throws what the client throws; Error when messages do not come
 */
export async function* scanStream(
  client: JetStreamClient,
  manager: JetStreamManager,
  { stream, from, subject, headersOnly }: ScanRange,
): AsyncGenerator<JsMsg, void, undefined> {
  const consumer = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    ...(subject === undefined ? {} : { filter_subject: subject }),
    headers_only: headersOnly,
    inactive_threshold: 60e9,
    mem_storage: true,
    ...('time' in from
      ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: formatRfc3339(from.time) }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }),
  });
  try {
    const reader = await client.consumers.get(stream, consumer.name);
    const most = headersOnly ? heads : bodies;
    for (let left = consumer.num_pending; left > 0;) {
      let got = 0;
      const page = await reader.fetch({ max_messages: Math.min(left, most), expires: expiresMs });
      for await (const message of page) {
        got += 1;
        yield message;
        // The server's count of what was to come may be too high by one (2.9); this one is of what is left.
        if (message.info.pending === 0) return;
      }
      if (got === 0) throw new Error(`${left} messages of stream ${stream} did not come`);
      left -= got;
    }
  } finally {
    await manager.consumers.delete(stream, consumer.name).catch(() => false);
  }
}
