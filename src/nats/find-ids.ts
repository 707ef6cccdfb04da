import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { scanStream } from './scan-stream.ts';
import { idHeader } from './wire-message.ts';

/** Which of some messages a stream holds, by their ids, from a sequence on. Reads their heads once, to the last that is wanted. */
export async function findIds(
  client: JetStreamClient,
  manager: JetStreamManager,
  { stream, subject, from }: { readonly stream: string; readonly subject: string; readonly from: number },
  ids: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const range = { stream, subject, headersOnly: true, from: { sequence: Math.max(1, from) } };
  for await (const { headers } of scanStream(client, manager, range)) {
    const id = headers?.get(idHeader) ?? '';
    if (ids.has(id)) found.add(id);
    if (found.size === ids.size) break;
  }
  return found;
}
