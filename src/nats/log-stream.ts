import {
  jetstream,
  type JetStreamClient,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ConflictError, StorageError } from '../../streams/event/errors.ts';
import { isCount } from '../is-count.ts';
import { encodeJson, readJsonObject } from '../json-record.ts';
import type { LogIndex, LogNote } from './log-index.ts';
import { logStream, logSubjects, type ResolvedLog } from './log-options.ts';
import type { NatsLink } from './nats-link.ts';
import { patiently } from './patiently.ts';
import { scanStream } from './scan-stream.ts';
import { ensureStream } from './stream-setup.ts';
import { countHeader, type WireMessage } from './wire-message.ts';

export const timeHeader = 'Breakwater-Appended-At';
/** "Wrong last sequence": somebody else has appended. */
const wrongSequence = 10_071;
/** Up to so many new messages are asked for one by one. */
const fewMessages = 16;
const eventsPerMessage = 4096;

interface Open {
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
}

/** The messages of a log's stream: what is asked of the server, in one place. */
export class LogStream {
  readonly #config: ResolvedLog;
  readonly #link: NatsLink;
  readonly #clock: Clock;
  readonly #subjects: ReturnType<typeof logSubjects>;
  #opening: Promise<Open> | undefined;

  constructor(config: ResolvedLog, link: NatsLink, clock: Clock) {
    this.#config = config;
    this.#link = link;
    this.#clock = clock;
    this.#subjects = logSubjects(config.nats.namespace);
  }

  /** Appends a message of events after `after`, the last sequence. @throws ConflictError, StorageError */
  append(message: WireMessage, id: string, after: number): Promise<number> {
    return this.#publish(this.#subjects.batches, message.payload, id, after, message.headers);
  }

  /** Appends a note after `after`, the last sequence. @throws ConflictError, StorageError */
  note(note: LogNote, id: string, after: number): Promise<number> {
    return this.#publish(this.#subjects.notes, encodeJson(note), id, after);
  }

  /** Brings an index up to what the stream holds now. @throws StorageError */
  async load(index: LogIndex): Promise<void> {
    await this.#ask('look up the end of the log', async ({ manager, client }) => {
      const { state } = await manager.streams.info(this.#config.name);
      const from = Math.max(index.lastSequence + 1, state.first_seq);
      if (state.last_seq - from < fewMessages) {
        for (const message of await this.#messages(manager, from, state.last_seq)) this.#take(message, index);
      } else {
        await this.#loadMany({ manager, client }, index, from, state.last_seq);
      }
      index.lastSequence = Math.max(index.lastSequence, state.last_seq);
    });
  }

  /** The message of a sequence; undefined where it is gone. @throws StorageError */
  message(sequence: number): Promise<StoredMsg | undefined> {
    return this.#ask(`read message ${sequence}`, ({ manager }) => this.#messageOf(manager, sequence));
  }

  /** Deletes all before a sequence. @throws StorageError */
  async purge(sequence: number): Promise<void> {
    // Nothing is before the first; servers take that for all.
    if (sequence <= 1) return;
    await this.#ask('trim', ({ manager }) => manager.streams.purge(this.#config.name, { seq: sequence }));
  }

  /** Deletes a message. @throws StorageError */
  async delete(sequence: number): Promise<void> {
    await this.#ask(`delete message ${sequence}`, ({ manager }) =>
      manager.streams.deleteMessage(this.#config.name, sequence, false),
    );
  }

  /** By their headers alone; the few notes are asked for one by one. */
  async #loadMany({ manager, client }: Open, index: LogIndex, from: number, to: number): Promise<void> {
    const range = { stream: this.#config.name, from: { sequence: from }, headersOnly: true };
    for await (const { seq, subject, headers } of scanStream(client, manager, range)) {
      if (seq > to) return;
      if (subject === this.#subjects.notes) {
        const note = await this.#messageOf(manager, seq);
        if (note !== undefined) this.#take(note, index);
      } else this.#take({ seq, subject, header: headers }, index);
      if (seq === to) return;
    }
  }

  #take(
    message: Pick<StoredMsg, 'seq' | 'subject'> & { header?: MsgHdrs | undefined; data?: Uint8Array },
    index: LogIndex,
  ): void {
    const { seq, subject, header, data } = message;
    if (seq <= index.lastSequence) return;
    if (subject === this.#subjects.notes) {
      index.note(seq, readNote(data));
      return;
    }
    // Of what is not ours the header may say anything; its bytes are a fault when they are read.
    const count = Number(header?.get(countHeader));
    const time = Number(header?.get(timeHeader));
    index.add({
      sequence: seq,
      count: Number.isInteger(count) && count >= 1 && count <= eventsPerMessage ? count : 1,
      appendedAt: Number.isFinite(time) ? Math.max(index.lastTime, time) : index.lastTime,
    });
  }

  async #messages(manager: JetStreamManager, from: number, to: number): Promise<StoredMsg[]> {
    const asked: Promise<StoredMsg | undefined>[] = [];
    for (let sequence = from; sequence <= to; sequence += 1) asked.push(this.#messageOf(manager, sequence));
    return (await Promise.all(asked)).filter((message) => message !== undefined);
  }

  async #messageOf(manager: JetStreamManager, sequence: number): Promise<StoredMsg | undefined> {
    try {
      return (await manager.streams.getMessage(this.#config.name, { seq: sequence })) ?? undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #publish(
    subject: string,
    payload: Uint8Array,
    id: string,
    after: number,
    headers?: MsgHdrs,
  ): Promise<number> {
    return this.#ask('append', async ({ client }) => {
      const answer = await client.publish(subject, payload, {
        msgID: id,
        timeout: this.#config.answerTimeoutMs,
        expect: { lastSequence: after },
        ...(headers === undefined ? {} : { headers }),
      });
      if (answer.seq > 0) return answer.seq;
      throw new StorageError('append: the server calls it a duplicate and cannot say of what', {
        unknown: true,
      });
    });
  }

  async #open(): Promise<Open> {
    this.#opening ??= this.#prepare().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #prepare(): Promise<Open> {
    const connection = await this.#link.connected();
    const options = { checkAPI: false, timeout: this.#config.answerTimeoutMs };
    const manager = await jetstreamManager(connection, options);
    await patiently(this.#clock, 6, () => ensureStream(manager, logStream(this.#config)));
    return { manager, client: jetstream(connection, options) };
  }

  async #ask<T>(what: string, ask: (open: Open) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.#open());
    } catch (error) {
      if (error instanceof StorageError) throw error;
      if (error instanceof JetStreamApiError && error.code === wrongSequence) {
        throw new ConflictError(`${what}: somebody else has appended`, { cause: error });
      }
      const unknown = !(error instanceof JetStreamApiError) && what === 'append';
      throw new StorageError(`${what} in the stream ${this.#config.name}: ${describeError(error)}`, {
        cause: error,
        unknown,
      });
    }
  }
}

/** A note that cannot be read says nothing: nothing is taken out by it. */
function readNote(data: Uint8Array | undefined): LogNote {
  const note = data === undefined ? undefined : readJsonObject(data);
  if (note === undefined) return { last: 0, time: 0 };
  const { before, removed, last, time } = note;
  return {
    ...(isCount(before) ? { before } : {}),
    removed: Array.isArray(removed) ? removed.filter(isCount) : [],
    last: isCount(last) ? last : 0,
    time: typeof time === 'number' && Number.isFinite(time) ? time : 0,
  };
}
