import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { DeadLetterReason } from '../dead-letters/dead-letter.ts';
import type { NewDeadLetter } from '../dead-letters/dead-letter-store.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { SubscriberPorts } from './subscriber-ports.ts';

/** Why an event is given up. */
export interface GivenUp {
  readonly event: EventEnvelope;
  readonly reason: DeadLetterReason;
  readonly error: unknown;
  readonly attempts: number;
  readonly position: number | undefined;
}

/** Puts what a subscriber gives up among the dead letters, and says so in the log, one line a second. */
export class GiverUp {
  readonly #name: string;
  readonly #ports: Pick<SubscriberPorts, 'clock' | 'deadLetters' | 'logger'>;
  readonly #log: LogThrottle;

  constructor(name: string, ports: Pick<SubscriberPorts, 'clock' | 'deadLetters' | 'logger'>) {
    this.#name = name;
    this.#ports = ports;
    this.#log = new LogThrottle(ports.clock);
  }

  /** False when the dead letters have no room for it. Calls `kept` when the event may be let go of. */
  store(given: GivenUp, kept?: () => void): boolean {
    const { event, reason, error, attempts } = given;
    const { clock, deadLetters, logger } = this.#ports;
    const letter: NewDeadLetter = { ...given, subscriber: this.#name, time: clock.now() };
    const stored = deadLetters.add(letter, kept);
    const withheld = this.#log.pass();
    if (withheld === undefined) return stored;
    const what = stored
      ? `gave up event ${event.id} of type ${event.type} after ${attempts} attempts (${reason}): ${describeError(error)}`
      : `holds on to event ${event.id}: the dead letters are full`;
    logger.warn(
      { subscriber: this.#name, eventId: event.id, eventType: event.type, reason, error },
      `${this.#name} ${what}${withheld === 0 ? '' : ` (and ${withheld} more before)`}`,
    );
    return stored;
  }
}
