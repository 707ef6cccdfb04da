import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { scanStream } from './scan-stream.ts';
import { idHeader } from './wire-message.ts';

/** Where ids are looked for. */
export interface IdRange {
  readonly stream: string;
  readonly subject: string;
  /** The first sequence. */
  readonly from: number;
  /** Messages are there at least up to this one, whichever server is asked; 0 where that is not known. */
  readonly upTo: number;
}

/**
 * Which of some messages a stream holds, by their ids. Reads their heads once, up to the last that is wanted.
 *
 * @throws what the client throws; Error when fewer messages are shown than there are
 */
export async function findIds(
  client: JetStreamClient,
  manager: JetStreamManager,
  { stream, subject, from, upTo }: IdRange,
  ids: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const range = { stream, subject, headersOnly: true, from: { sequence: Math.max(1, from) } };
  let reached = from - 1;
  for await (const { headers, seq } of scanStream(client, manager, range)) {
    reached = seq;
    const id = headers?.get(idHeader) ?? '';
    if (ids.has(id)) found.add(id);
    if (found.size === ids.size) return found;
  }
  // A server of the cluster that lags would say that what is there is not.
  if (reached < upTo) throw new Error(`stream ${stream} was shown up to ${reached}, and goes up to ${upTo}`);
  return found;
}
