import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import { consoleLogger } from '../logger.ts';
import { createSystemClock } from '../system-clock.ts';
import { systemRandom } from '../system-random.ts';
import { type JetStreamOptions, resolveJetStream } from './jetstream-options.ts';
import { NatsLink } from './nats-link.ts';

/**
 * Deletes what `jetStream()` with these options has made on the server: the stream, that of the dead letters, who owns
 * what, and entities, with all events in them and all places of subscribers. Resolves to the names of those that were there.
 *
 * For what is only passing: runs of their own, tests. A stream of that name which Breakwater has not made for the
 * namespace is left alone. Close the bus before; one that is open begins to fail.
 *
 * @throws TransportError where the server cannot be reached, does not permit it, or has another's stream of the name;
 * RangeError or TypeError for options that make no sense.
 */
export async function deleteStreams(options: JetStreamOptions = {}): Promise<string[]> {
  const { nats, stream, ackTimeoutMs } = resolveJetStream(options);
  const link = new NatsLink(nats, {
    clock: createSystemClock(),
    random: systemRandom,
    logger: consoleLogger({ level: 'error' }),
  });
  try {
    const connection = await link.connected();
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ackTimeoutMs });
    const deleted: string[] = [];
    // The one with the events last: as long as it is there, a second try finds what the first has left.
    const [state, entities] = [`${stream.name}-state`, `${stream.name}-entities`];
    for (const [name, subjects] of [
      [`KV_${state}`, `$KV.${state}.`],
      [`KV_${entities}`, `$KV.${entities}.`],
      [`${stream.name}-dead-letters`, `${nats.namespace}.`],
      [stream.name, `${nats.namespace}.`],
    ] as const) {
      if (await deleteStream(manager, name, subjects)) deleted.push(name);
    }
    return deleted;
  } finally {
    await link.close();
  }
}

/** False where there is none. */
async function deleteStream(manager: JetStreamManager, name: string, subjects: string): Promise<boolean> {
  try {
    const { config } = await manager.streams.info(name);
    const others = config.subjects.filter((subject) => !subject.startsWith(subjects));
    if (others.length > 0) {
      throw new TransportError(
        `stream ${name} takes ${others.join(', ')}, which is not of ${subjects}*: it is another's, and was not deleted`,
      );
    }
    return await manager.streams.delete(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return false;
    if (error instanceof TransportError) throw error;
    throw new TransportError(`stream ${name} could not be deleted: ${describeError(error)}`, {
      cause: error,
    });
  }
}
