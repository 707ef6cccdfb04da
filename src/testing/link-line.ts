import type { Clock } from '../../streams/event/clock.ts';
import type { TransportPorts } from '../transport/transport.ts';

/** What a line does to its messages. */
export interface LineFaults {
  readonly delayMs: number;
  readonly loss: number;
  readonly reorder: boolean;
  /** Whether nothing passes now. */
  readonly isCut: () => boolean;
}

/** The way between one transport and its bus: messages there and back are delayed, lost, and overtake each other. */
export class LinkLine {
  readonly #faults: LineFaults;
  readonly #ports: TransportPorts;
  readonly #ways = { there: new Way(), back: new Way() };

  constructor(faults: LineFaults, ports: TransportPorts) {
    this.#faults = faults;
    this.#ports = ports;
  }

  /** Sends a message: calls `arrive`, within this call where it takes no time, or `lost`. */
  send(way: 'there' | 'back', arrive: () => void, lost: () => void = () => {}): void {
    const { delayMs, loss, reorder, isCut } = this.#faults;
    const { clock } = this.#ports;
    if (isCut() || this.happens(loss)) {
      lost();
      return;
    }
    const message = (): void => {
      if (isCut()) lost();
      else arrive();
    };
    const delay = delayMs > 0 ? this.#ports.random() * delayMs : 0;
    if (!reorder) this.#ways[way].send(message, delay, clock);
    else if (delay > 0) clock.setTimeout(message, delay);
    else message();
  }

  /** Whether something of this share happens now. */
  happens(share: number): boolean {
    return share > 0 && this.#ports.random() < share;
  }
}

/** Messages one way, in the order in which they were sent. */
class Way {
  readonly #messages: (() => void)[] = [];
  /** When the last one arrives. */
  #lastAt = 0;

  send(message: () => void, delayMs: number, clock: Clock): void {
    const now = clock.monotonic();
    const at = Math.max(now + delayMs, this.#lastAt);
    this.#lastAt = at;
    if (at <= now && this.#messages.length === 0) {
      message();
      return;
    }
    this.#messages.push(message);
    // Timers of one instant may fire in any order: whichever does, it is the turn of the first.
    clock.setTimeout(() => this.#messages.shift()?.(), at - now);
  }
}
