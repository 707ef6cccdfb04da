import type { Clock } from '../../streams/event/clock.ts';
import type { Logger } from '../logger.ts';
import type { HeldEntry } from './held-entry.ts';
import { describeFailure } from './redis-failure.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';
import { settleScript } from './server-scripts.ts';

/** Entries that one command acknowledges at most, and copies that it may carry. */
const settleEntries = 512;
const settleLetters = 512;
/** Milliseconds before it is tried again after a refusal. */
const againMs = 1000;

export interface EntrySettlerConfig {
  readonly subscriber: string;
  /** Empty for a subscription that keeps no place. */
  readonly group: string;
  /** Empty where it need not own the group. */
  readonly token: string;
  readonly maxDeadLetters: number;
}

export interface EntrySettlerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  /** The server knows that an entry is done with. */
  readonly onSettled: (held: HeldEntry) => void;
  /** Somebody else owns the group. */
  readonly onFenced: () => void;
}

/**
 * Tells the server what is done with: many entries in one command, each together with its dead letters.
 *
 * What the server does not answer or refuses is told again: it counts once there.
 */
export class EntrySettler {
  readonly #config: EntrySettlerConfig;
  readonly #ports: EntrySettlerPorts;
  #queue: HeldEntry[] = [];
  #scheduled = false;
  #running = false;
  #idle: (() => void)[] = [];

  constructor(config: EntrySettlerConfig, ports: EntrySettlerPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  add(held: HeldEntry): void {
    this.#queue.push(held);
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    // Not at once: what settles in one turn is told together.
    this.#ports.clock.defer(this.flush);
  }

  /** Tells what can be told now. */
  readonly flush = (): void => {
    this.#scheduled = false;
    if (!this.#running) void this.#run();
  };

  /** Resolves when nothing is left to be told, or it cannot be told now. */
  whenIdle(): Promise<void> {
    if (!this.#running && (this.#queue.length === 0 || this.#ports.link.up === undefined))
      return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Somebody else has them: there is nothing to tell any more. */
  drop(): void {
    this.#queue = [];
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0 && (await this.#tell(this.#take())));
    this.#running = false;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  #take(): HeldEntry[] {
    let letters = 0;
    let count = 0;
    for (const held of this.#queue) {
      letters += held.letters.length;
      if (count >= settleEntries || (count > 0 && letters > settleLetters)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #tell(entries: readonly HeldEntry[]): Promise<boolean> {
    const { link, keys, onSettled, onFenced } = this.#ports;
    const { subscriber, group, token, maxDeadLetters } = this.#config;
    const redis = link.up;
    const values: (string | Buffer)[] = [group, token, String(maxDeadLetters)];
    for (const { id, letters } of entries) {
      values.push(id, String(letters.length));
      for (const { reason, attempts, type, count, events } of letters) {
        values.push(subscriber, reason, String(attempts), type, count, Buffer.from(events));
      }
    }
    try {
      if (redis === undefined) throw new Error('Connection is closed.');
      const owner = keys.owner(group);
      const answer = await redis.eval(settleScript, 3, keys.events, keys.deadLetters, owner, ...values);
      if (answer === -1) onFenced();
      else for (const held of entries) onSettled(held);
      return true;
    } catch (error) {
      this.#queue.unshift(...entries.filter((held) => !held.lost));
      if (link.up !== undefined) this.#refused(error);
      return false;
    }
  }

  #refused(error: unknown): void {
    const { clock, logger, link } = this.#ports;
    const { subscriber } = this.#config;
    logger.error(
      { subscriber },
      `${link.where} did not take what ${subscriber} is done with; it is told again: ${describeFailure(error)}`,
    );
    clock.setTimeout(this.flush, againMs, true);
  }
}
