import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import { refuseMismatch } from './config-mismatch.ts';
import { foundNoPeers } from './found-no-peers.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import { deadLetterSubjects, storedSubjects } from './subjects.ts';

/** What of a stream's configuration is asked for, and compared with what is there. */
export type StreamShape = Pick<
  StreamConfig,
  | 'name'
  | 'description'
  | 'subjects'
  | 'storage'
  | 'num_replicas'
  | 'retention'
  | 'discard'
  | 'max_age'
  | 'max_bytes'
  | 'duplicate_window'
>;

/**
 * What a stream of events may not do beside what is asked of it: drop events by number, take them without an answer, or
 * let one message remove all before it.
 */
const nothingLost = {
  max_msgs: -1,
  max_msgs_per_subject: -1,
  no_ack: false,
  allow_rollup_hdrs: false,
  sealed: false,
};

/** "Stream name already in use with a different configuration". */
const nameInUse = 10_058;

/** The stream of a namespace's events, as it must be. The description holds what has no field on old servers. */
export function eventStream({ nats, stream }: ResolvedJetStream): StreamShape {
  return {
    ...limitsOf(stream),
    name: stream.name,
    description: `breakwater events, format 1, partitions ${stream.partitions}`,
    subjects: [storedSubjects(nats.namespace)],
  };
}

/** The stream of the copies of events that were given up. */
export function deadLetterStream({ nats, stream }: ResolvedJetStream): StreamShape {
  return {
    ...limitsOf(stream),
    name: `${stream.name}-dead-letters`,
    description: 'breakwater dead letters, format 1',
    subjects: [deadLetterSubjects(nats.namespace)],
  };
}

/**
 * Creates a stream, or makes sure that the one that is there is as wanted. Changes nothing that is there.
 *
 * @throws TransportError that names each field that differs, or says why the server would not.
 */
export async function ensureStream(manager: JetStreamManager, wanted: StreamShape): Promise<void> {
  const what = `stream ${wanted.name}`;
  try {
    const found = await infoOf(manager, wanted.name);
    // What was created is read back, too: servers ignore options that they do not know.
    refuseMismatch(what, { ...nothingLost, ...wanted }, found ?? (await create(manager, wanted)));
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError(`${what} could not be set up: ${describeError(error)}${remedyFor(error)}`, {
      cause: error,
    });
  }
}

function remedyFor(error: unknown): string {
  if (foundNoPeers(error)) {
    return '. Start as many servers as stream.replicas asks for; if they all run, restart them';
  }
  const off = error instanceof Error && error.name === 'JetStreamNotEnabled';
  return off ? '. Start the server with -js, or jetstream {} in its configuration' : '';
}

async function infoOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function create(manager: JetStreamManager, wanted: StreamShape): Promise<StreamConfig> {
  try {
    return (await manager.streams.add(wanted)).config;
  } catch (error) {
    // Another process was faster, with another configuration: say how it differs.
    const theirs =
      error instanceof JetStreamApiError && error.code === nameInUse
        ? await infoOf(manager, wanted.name)
        : undefined;
    if (theirs === undefined) throw error;
    return theirs;
  }
}

function limitsOf(
  stream: ResolvedJetStream['stream'],
): Omit<StreamShape, 'name' | 'description' | 'subjects'> {
  const { storage, replicas, maxAgeMs, maxBytes, duplicateWindowMs } = stream;
  return {
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: maxAgeMs === Infinity ? 0 : maxAgeMs * 1e6,
    max_bytes: maxBytes === Infinity ? -1 : maxBytes,
    duplicate_window: duplicateWindowMs * 1e6,
  };
}
