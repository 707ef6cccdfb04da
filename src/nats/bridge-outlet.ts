import { jetstream, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError, TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Outlet, OutletAnswer, OutletEnd, OutletMessage } from '../bridge/outlet.ts';
import type { Logger } from '../logger.ts';
import { type Answer, AnswerInbox } from './answer-inbox.ts';
import { findIds } from './find-ids.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import { NatsLink } from './nats-link.ts';
import { partitionOf } from './partition-of.ts';
import { patiently } from './patiently.ts';
import { readPublishAnswer } from './publish-answer.ts';
import { ensureStream, eventStream } from './stream-setup.ts';
import { storedSubject, storedSubjects } from './subjects.ts';
import { WireFormat, type WireMessage } from './wire-message.ts';

/** Bytes that headers take at most. They count against the server's limit. */
const headerBytes = 512;
/** "Message size exceeds maximum allowed". */
const tooLarge = 10_054;

/** The far side of a bridge: the stream of a `jetStream()` transport. */
export class BridgeOutlet implements Outlet {
  readonly maxEvents: number;
  readonly #config: ResolvedJetStream;
  readonly #clock: Clock;
  readonly #link: NatsLink;
  readonly #inbox: AnswerInbox;
  readonly #format: WireFormat;
  /** What was stored is told from answers, until one makes doubtful what is there. */
  #end: OutletEnd | undefined;

  constructor(
    config: ResolvedJetStream,
    ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  ) {
    this.maxEvents = config.maxBatchEvents;
    this.#config = config;
    this.#clock = ports.clock;
    this.#link = new NatsLink(config.nats, ports);
    this.#inbox = new AnswerInbox(this.#link, ports.clock, config.ackTimeoutMs);
    this.#format = new WireFormat(config.codec, config.batching === 'off', config.maxMessageBytes);
    this.#link.start();
  }

  get isUp(): boolean {
    return this.#link.up !== undefined;
  }

  readonly subjectOf = (event: EventEnvelope): string => {
    const { nats, stream } = this.#config;
    return storedSubject(nats.namespace, event, partitionOf(event.key ?? event.type, stream.partitions));
  };

  async ready(): Promise<OutletEnd> {
    const connection = await this.#link.connected();
    return (this.#end ??= endOf(await this.#look(await this.#manager(connection))));
  }

  async send({ id, subject, events }: OutletMessage): Promise<OutletAnswer> {
    const connection = this.#link.up;
    if (connection === undefined) return { kind: 'refused', why: 'there is no connection' };
    let wire: WireMessage;
    try {
      wire = this.#write(events, id, connection.info?.max_payload ?? Infinity);
    } catch (error) {
      return { kind: 'impossible', error: asError(error) };
    }
    try {
      const asked = this.#inbox.ask(connection, subject, wire.payload, wire.headers);
      return this.#judge(await asked, subject);
    } catch (error) {
      return { kind: 'refused', why: `NATS did not take the message: ${describeError(error)}` };
    }
  }

  async find(ids: ReadonlySet<string>, end: OutletEnd): Promise<ReadonlySet<string>> {
    const connection = await this.#link.connected();
    const manager = await this.#manager(connection);
    const info = await this.#look(manager);
    const { first_seq, last_seq } = info.state;
    const from = Math.max(first_seq, endOf(info).stream === end.stream ? end.sequence + 1 : 1);
    if (from > last_seq) return new Set();
    const { nats, stream } = this.#config;
    const subject = storedSubjects(nats.namespace);
    return findIds(jetstream(connection), manager, { stream: stream.name, subject, from, upTo: 0 }, ids);
  }

  async close(): Promise<void> {
    this.#inbox.close();
    await this.#link.close();
  }

  #write(events: readonly EventEnvelope[], id: string, maxBytes: number): WireMessage {
    const wire = this.#format.encode(events, id);
    const { length } = wire.payload;
    if (length + headerBytes <= maxBytes) return wire;
    throw new CodecError(`message of ${length} bytes is beyond the ${maxBytes} that the server carries`);
  }

  #judge(answer: Answer, subject: string): OutletAnswer {
    if (answer.kind === 'message') {
      const said = readPublishAnswer(answer.message.data);
      if (said.kind === 'stored') {
        const end = this.#end;
        if (end !== undefined && said.sequence > end.sequence)
          this.#end = { ...end, sequence: said.sequence };
        return { kind: 'stored' };
      }
      this.#end = undefined;
      if (said.kind === 'unproven') return { kind: 'unknown', why: said.why };
      const why = `the stream refused a message to ${subject}: ${said.why}`;
      return said.code === tooLarge
        ? { kind: 'impossible', error: new TransportError(why) }
        : { kind: 'refused', why };
    }
    this.#end = undefined;
    switch (answer.kind) {
      case 'nobody':
        return { kind: 'refused', why: `no stream takes ${subject}, or it has no leader` };
      case 'denied': {
        const { operation } = answer.error;
        const why = describeError(answer.error);
        return operation === 'publish'
          ? { kind: 'refused', why: `this connection may not publish to ${subject}: ${why}` }
          : { kind: 'unknown', why: `this connection may not hear the answer: ${why}` };
      }
      case 'timed-out':
        return { kind: 'unknown', why: 'the server did not answer' };
      case 'disconnected':
        return { kind: 'unknown', why: 'the connection was lost' };
    }
  }

  async #manager(connection: NatsConnection): Promise<JetStreamManager> {
    return jetstreamManager(connection, { checkAPI: false, timeout: this.#config.ackTimeoutMs });
  }

  async #look(manager: JetStreamManager): Promise<StreamInfo> {
    await patiently(this.#clock, 2, () => ensureStream(manager, eventStream(this.#config)));
    return manager.streams.info(this.#config.stream.name);
  }
}

function endOf({ created, state }: StreamInfo): OutletEnd {
  return { stream: created, sequence: state.last_seq };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new CodecError(describeError(error));
}
