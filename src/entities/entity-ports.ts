import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import type { Random } from '../../streams/event/random.ts';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import type { Logger } from '../logger.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import type { SuspectTrials } from '../leases/suspect-trials.ts';
import type { Transport } from '../transport/transport.ts';

/** What hosts take from their bus. */
export interface EntityPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: EventRegistry;
  readonly transport: Transport;
  readonly factory: EventFactory;
  readonly deadLetters: DeadLetterStore;
  /** Gives events of the log the form that their definitions have now. */
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  /** Publishes one of the bus's own events. */
  readonly announce: (type: string, data: object) => void;
  /** Something has settled: who waits for the bus to be idle wants to look. */
  readonly onSettled: () => void;
  /** Hears of what nobody else hears of. */
  readonly onError: (error: unknown) => void;
}

/** What hosts of shared kinds take besides. */
export interface SharedKindPorts extends EntityPorts {
  /** Admits one suspect at a time, of all kinds of a process. */
  readonly trials: SuspectTrials;
}
