import type { PublishReceipt } from '../../actors/handler.ts';
import type { EventFields } from '../../streams/event/define-event.ts';
import { checkAsk } from './check-ask.ts';
import type { EntityClient } from './entity-client.ts';
import type { AskOptions } from './entity-host.ts';
import { addressed, type EntityRef, type EntityRefPorts } from './entity-ref.ts';

/** Milliseconds that `send` waits to hear that its event was handled. */
const sendTimeoutMs = 30_000;

/** A ref of an entity whose kind several processes share: hosted here, elsewhere, or nowhere yet. */
export function sharedRef(client: EntityClient, key: string, ports: EntityRefPorts): EntityRef<unknown> {
  const { kind } = client.definition;
  return {
    kind,
    key,
    send: (subject: unknown, data?: unknown, fields?: EventFields) =>
      send(client, key, ports, [subject, data, fields]),
    ask: (question, options = {}) => ask(client, key, question, options),
    snapshot$: client.snapshots(key),
  };
}

async function send(
  client: EntityClient,
  key: string,
  ports: EntityRefPorts,
  given: [subject: unknown, data: unknown, fields: EventFields | undefined],
): Promise<PublishReceipt> {
  const event = await addressed(client.definition, key, ports.factory, given);
  const receipt = await ports.publish(event);
  // Turned away by the bus, as a duplicate say: nobody will handle it.
  if (receipt.level !== 'none') await client.settled(key, event.id, sendTimeoutMs);
  return receipt;
}

async function ask<Answer>(
  client: EntityClient,
  key: string,
  question: (view: never) => Answer,
  options: AskOptions,
): Promise<Awaited<Answer>> {
  return await question((await client.view(key, checkAsk(question, options))) as never);
}
