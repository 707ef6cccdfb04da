import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type { TransportHealth } from '../transport/transport.ts';

/** What a connection takes from its surroundings. */
export interface LinkPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A connection that is dialled when it is needed. */
export interface Dial {
  readonly up: NatsConnection | undefined;
  /** Why nothing can be sent now, if so. */
  readonly trouble: string | undefined;
  health(durable: boolean, fault?: string): TransportHealth;
  start(): void;
  connected(): Promise<NatsConnection>;
  onUp(listener: (connection: NatsConnection) => void): () => void;
  onDown(listener: () => void): () => void;
  onError(listener: (error: Error) => void): () => void;
  close(): Promise<void>;
}
