import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type {
  Published,
  Transport,
  TransportPorts,
  TransportPublishOptions,
} from '../transport/transport.ts';
import type { DuplicateWindow } from './duplicate-window.ts';
import type { LinkLine } from './link-line.ts';

/** What the publishes of one transport go over. */
export interface LinkedPublisherParts {
  readonly line: LinkLine;
  readonly ports: TransportPorts;
  /** Share of publishes that arrive twice. */
  readonly duplicates: number;
  /** Which publishes the far end has taken. */
  readonly window: DuplicateWindow;
  /** Milliseconds after which a publish without an answer fails. */
  readonly timeoutMs: number;
}

/** The publishes of one transport, with a way to go. */
export class LinkedPublisher {
  /** Publishes that wait for an answer. */
  waiting = 0;
  readonly #transport: Transport;
  readonly #given: LinkedPublisherParts;

  constructor(transport: Transport, given: LinkedPublisherParts) {
    this.#transport = transport;
    this.#given = given;
  }

  publish(
    events: readonly EventEnvelope[],
    options?: TransportPublishOptions,
  ): Published | Promise<Published> {
    const own = options?.to !== undefined || events[0]?.type.startsWith('breakwater.') === true;
    if (own) return this.#transport.publish(events, options);
    if (options?.noWait === true) throw new TypeError('publishSync cannot wait for a link; use publish');
    const { line, duplicates, window, ports } = this.#given;
    return new Promise((resolve, reject) => {
      const settle = this.#awaited(reject);
      const arrive = async (): Promise<void> => {
        try {
          const published = await window.once(events, ports.clock.monotonic(), () =>
            this.#transport.publish(events, options),
          );
          line.send('back', () => settle(() => resolve(published)));
        } catch (error) {
          line.send('back', () => settle(() => reject(error)));
        }
      };
      line.send('there', () => void arrive());
      if (line.happens(duplicates)) line.send('there', () => void arrive());
    });
  }

  /** Waits for an answer, for so long. Gives what the first answer is to be told through. */
  #awaited(reject: (error: unknown) => void): (act: () => void) => void {
    const { timeoutMs, ports } = this.#given;
    const { clock, onIdle } = ports;
    this.waiting += 1;
    let waits = true;
    const settle = (act: () => void): void => {
      if (!waits) return;
      waits = false;
      clock.clearTimeout(timer);
      this.waiting -= 1;
      act();
      if (this.waiting === 0) onIdle?.();
    };
    const timer = clock.setTimeout(() => {
      const reason = `no answer within ${timeoutMs} ms; the events may have gone out, or be on their way`;
      settle(() => reject(new TransportError(reason)));
    }, timeoutMs);
    return settle;
  }
}
