import type { HandlerCall } from '../../actors/handler-call.ts';
import type { HandlerContext } from '../../actors/handler.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import type { Logger } from '../logger.ts';
import type { RoutingRules } from '../routing-rules.ts';
import type { Transport } from '../transport/transport.ts';

/** What a subscriber needs of its bus. */
export interface SubscriberPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly deadLetters: DeadLetterStore;
  readonly rules: RoutingRules;
  readonly logger: Logger;
  /** Publishes on behalf of a handler call. */
  readonly publishFrom: (call: HandlerCall) => HandlerContext['publish'];
  /** The transport's stream of this subscriber failed. */
  readonly onCrash: (error: unknown) => void;
  /** A call has ended and its delivery is settled, or parked. */
  readonly onSettled: () => void;
}
