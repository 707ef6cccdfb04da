import type { Logger } from '../logger.ts';
import { utilizationWarning, type QueueStats } from './subscriber-stats.ts';

export interface QueueWatchPorts {
  readonly logger: Logger;
  readonly announce: (type: string, data: object) => void;
}

/**
 * Says once when a mailbox becomes more than 80 % full, and once when it no longer is. One percent of
 * hysteresis keeps a mailbox at the edge from talking at every look.
 */
export class QueueWatch {
  readonly #ports: QueueWatchPorts;
  readonly #full = new Set<string>();

  constructor(ports: QueueWatchPorts) {
    this.#ports = ports;
  }

  /** Looks at the queues of all subscribers that there are; one that is gone is forgotten. */
  look(queues: readonly { readonly name: string; readonly queue: QueueStats }[]): void {
    for (const { name, queue } of queues) this.#judge(name, queue);
    if (this.#full.size === 0) return;
    const names = new Set(queues.map(({ name }) => name));
    for (const name of this.#full) if (!names.has(name)) this.#full.delete(name);
  }

  #judge(subscriber: string, { utilization, size, capacity }: QueueStats): void {
    const known = this.#full.has(subscriber);
    if (!known && utilization > utilizationWarning) {
      this.#full.add(subscriber);
      const percent = (utilization * 100).toFixed(1);
      this.#ports.logger.warn({ subscriber, size, capacity }, `queue of ${subscriber} is ${percent} % full`);
      this.#ports.announce('queue.nearly-full', { subscriber, utilization, size, capacity });
    } else if (known && utilization < utilizationWarning - 0.01) {
      this.#full.delete(subscriber);
      this.#ports.announce('queue.recovered', { subscriber, utilization, size, capacity });
    }
  }
}
