import { StorageType, DiscardPolicy, RetentionPolicy } from '@nats-io/jetstream';
import type { Codec } from '../../streams/event/codec.ts';
import { checkChoice, checkOptions, checkPort, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber } from '../options.ts';
import { natsOptionNames, type NatsOptions, resolveNatsOptions, type ResolvedNats } from './nats-options.ts';
import type { StreamShape } from './stream-setup.ts';
import { checkStreamName } from './subjects.ts';

/** How a log is kept in JetStream. Everything is checked when it is chosen. */
export interface JetStreamLogOptions extends NatsOptions {
  /** Name of the stream. Default: the namespace, and `-log`. */
  readonly name?: string;
  /** Servers that hold it: 1, or 3 and 5 for `replicated`. Default `1`. */
  readonly replicas?: number;
  /** Default `'file'`. */
  readonly storage?: 'file' | 'memory';
  /** Bytes beyond which appends are refused: a log deletes nothing by itself. Default: no bound but the server's. */
  readonly maxBytes?: number;
  /** How batches are written. Default `msgpackCodec()`. */
  readonly codec?: Codec;
  /** Bytes of a message at most; below the server's `max_payload`. Default `1_000_000`. */
  readonly maxMessageBytes?: number;
  /** Milliseconds after which an append fails. Default `30_000`. */
  readonly appendTimeoutMs?: number;
  /** Milliseconds that one answer of the server is waited for. Default `5_000`. */
  readonly answerTimeoutMs?: number;
}

/** Options of a log in JetStream, checked and complete. */
export interface ResolvedLog extends Required<Omit<JetStreamLogOptions, keyof NatsOptions | 'codec'>> {
  readonly nats: ResolvedNats;
  readonly codec: Codec | undefined;
}

const names: OptionNames<JetStreamLogOptions> = {
  ...natsOptionNames,
  name: true,
  replicas: true,
  storage: true,
  maxBytes: true,
  codec: true,
  maxMessageBytes: true,
  appendTimeoutMs: true,
  answerTimeoutMs: true,
};

/** Checks what was asked for and fills in the defaults. @throws RangeError or TypeError that names the option. */
export function resolveLog(options: JetStreamLogOptions): ResolvedLog {
  checkOptions('jetStreamLog', options, names);
  const nats = resolveNatsOptions(options);
  const { name = `${nats.namespace}-log`, replicas = 1, storage = 'file', maxBytes = Infinity } = options;
  const { codec, maxMessageBytes = 1_000_000, appendTimeoutMs = 30_000, answerTimeoutMs = 5000 } = options;
  checkStreamName(name);
  checkInteger('replicas', replicas, 1, 5);
  checkChoice('storage', storage, ['file', 'memory']);
  if (maxBytes !== Infinity) checkInteger('maxBytes', maxBytes, 1);
  if (codec !== undefined) checkPort('codec', codec, ['encode', 'decode']);
  checkInteger('maxMessageBytes', maxMessageBytes, 1024, 64 * 1024 * 1024);
  checkNumber('appendTimeoutMs', appendTimeoutMs, 1);
  checkNumber('answerTimeoutMs', answerTimeoutMs, 1);
  return {
    nats,
    name,
    replicas,
    storage,
    maxBytes,
    codec,
    maxMessageBytes,
    appendTimeoutMs,
    answerTimeoutMs,
  };
}

/** The subjects of a log: its batches, and notes of what was taken out of it. */
export function logSubjects(namespace: string): { readonly batches: string; readonly notes: string } {
  return { batches: `${namespace}.log.batches`, notes: `${namespace}.log.notes` };
}

/** The stream of a log, as it must be. */
export function logStream({ nats, name, replicas, storage, maxBytes }: ResolvedLog): StreamShape {
  const { batches, notes } = logSubjects(nats.namespace);
  return {
    name,
    description: 'breakwater log, format 1',
    subjects: [batches, notes],
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: 0,
    max_bytes: maxBytes === Infinity ? -1 : maxBytes,
    duplicate_window: 120e9,
  };
}
