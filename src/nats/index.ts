export type { BridgeStatus } from '../bridge/bridge-status.ts';
export { bridge, type Bridge, type BridgeOptions } from './bridge.ts';
export { nats } from './core.ts';
export type { CoreNatsOptions } from './core-options.ts';
export { deleteStreams } from './delete-streams.ts';
export { jetStream } from './jetstream.ts';
export { jetStreamLog } from './jetstream-log.ts';
export type { JetStreamLog, JetStreamLogPorts } from './jetstream-log.ts';
export type { JetStreamLogOptions } from './log-options.ts';
export type {
  JetStreamConsumerOptions,
  JetStreamOptions,
  JetStreamStreamOptions,
} from './jetstream-options.ts';
export type { NatsAuth } from './nats-auth.ts';
export { natsConnection } from './nats-connection.ts';
export type { NatsOptions, SharedNatsConnection } from './nats-options.ts';
export { fromNats, type FromNatsOptions } from './from-nats.ts';
