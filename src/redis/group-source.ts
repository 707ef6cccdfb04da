import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { StartFrom } from '../start-from.ts';
import type { EntrySource } from './entry-source.ts';
import type { GroupOwner } from './group-owner.ts';
import { Latch } from './latch.ts';
import { asTransportError, describeFailure } from './redis-failure.ts';
import type { RedisKeys } from './redis-keys.ts';
import { keepScript, leaveScript, readScript } from './server-scripts.ts';
import { bellMs } from './stream-bell.ts';
import { type PendingEntry, readEntries, readPending } from './stream-reply.ts';
import { beforeStart, type SourcePorts } from './tail-source.ts';
import type { RedisLink } from './redis-link.ts';

/** Pending entries looked at with one command. */
const pendingPage = 256;
/** Who has what was given back, and for how long it has been idle, so that anybody may claim it at once. */
const givenBack = 'given-back';
const givenBackIdleMs = 30 * 24 * 3_600_000;

type Connection = NonNullable<RedisLink['up']>;

export interface GroupSourceConfig {
  readonly group: string;
  readonly consumer: string;
  readonly from: StartFrom;
  readonly claimAfterMs: number;
}

export interface GroupSourcePorts extends SourcePorts {
  readonly clock: Clock;
  readonly keys: RedisKeys;
  /** Of subscribers with an order: who may work for the group. */
  readonly owner: GroupOwner | undefined;
  /** Ids of entries that are here, and not known to be acknowledged. */
  readonly held: ReadonlyMap<string, unknown>;
  /** Entries that are being worked on here. */
  readonly working: () => string[];
  /** Another process has these entries now. */
  readonly onLost: (ids: readonly string[]) => void;
  /** Entries were deleted before they were handled. */
  readonly onTrimmed: (count: number) => void;
}

/**
 * Reads for a named subscriber, whose place the server keeps as a consumer group.
 *
 *     up ─► (own the group) ─► what was left here or by others ─► what is new ─► …
 *
 * Without an order all processes of the name read, and what one held that has fallen silent is claimed by another.
 * With an order one process owns the group, and takes all that was left, in its order, before anything new.
 */
export class GroupSource implements EntrySource {
  readonly #config: GroupSourceConfig;
  readonly #ports: GroupSourcePorts;
  readonly #latch = new Latch();
  readonly #unlisten: (() => void)[];
  #opened = false;
  #ended = false;
  #detached = false;
  /** Entries may be ours that have not come: an answer was lost, or the group is new to us. */
  #recover = true;
  #claimAt = 0;
  #timer: TimerHandle;

  constructor(config: GroupSourceConfig, ports: GroupSourcePorts) {
    this.#config = config;
    this.#ports = ports;
    const { link } = ports;
    this.#unlisten = [
      link.onUp(() => {
        ports.owner?.start();
        this.#latch.ring();
      }),
      link.onDown(() => {
        this.#recover = true;
      }),
    ];
  }

  async open(): Promise<void> {
    const redis = await this.#ports.link.connected();
    await this.#create(redis, beforeStart(this.#config.from) ?? '$');
    this.#opened = true;
    this.#ports.owner?.start();
    this.#tick();
    void this.#run();
  }

  refill(): void {
    this.#latch.ring();
  }

  /** Whether the group is owned has changed. */
  owned(owning: boolean): void {
    if (owning) this.#recover = true;
    this.#latch.ring();
  }

  detach(): void {
    this.#detached = true;
  }

  async release(): Promise<void> {
    this.#ended = true;
    this.#ports.clock.clearTimeout(this.#timer);
    for (const stop of this.#unlisten) stop();
    this.#latch.ring();
    const { link, keys, owner } = this.#ports;
    const { group, consumer } = this.#config;
    // Whatever fails: others claim it when it has been silent for long enough.
    if (this.#opened) {
      await link.up
        ?.eval(leaveScript, 1, keys.events, group, consumer, givenBack, String(givenBackIdleMs))
        .catch(() => {});
    }
    await owner?.end();
  }

  async #create(redis: Connection, after: string): Promise<void> {
    const { keys, link } = this.#ports;
    try {
      await redis.xgroup('CREATE', keys.events, this.#config.group, after, 'MKSTREAM');
    } catch (error) {
      if (describeFailure(error).startsWith('BUSYGROUP')) return;
      throw asTransportError(`${link.where} does not let ${this.#config.group} have a group`, error);
    }
  }

  /** Keeps what is worked on, and looks now and then for what others have left. */
  readonly #tick = (): void => {
    const { clock } = this.#ports;
    void this.#keep();
    this.#latch.ring();
    this.#timer = clock.setTimeout(this.#tick, this.#config.claimAfterMs / 3, true);
  };

  async #keep(): Promise<void> {
    const { link, keys, owner, working, onLost } = this.#ports;
    // What is owned as a whole nobody claims.
    if (owner !== undefined || link.up === undefined) return;
    const ids = working();
    if (ids.length === 0) return;
    const { group, consumer } = this.#config;
    try {
      const lost = await link.up.eval(keepScript, 1, keys.events, group, consumer, ...ids);
      if (Array.isArray(lost) && lost.length > 0) onLost(lost.map(String));
    } catch {
      // It is said again soon; what was not said in time is handled twice, not lost.
    }
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      try {
        if (!(await this.#step())) await this.#latch.wait();
      } catch (error) {
        if (this.#ports.link.up !== undefined) await this.#failed(error);
      }
    }
  }

  async #failed(failure: unknown): Promise<void> {
    await this.#ports.onTrouble(failure);
    const redis = this.#ports.link.up;
    // The stream was deleted, or the server has lost it: what comes now is for this group, too.
    if (redis !== undefined && describeFailure(failure).includes('NOGROUP'))
      await this.#create(redis, '0-0').catch(() => {});
  }

  /** Reads once; false when it has to wait. */
  async #step(): Promise<boolean> {
    const { link, owner, room, clock } = this.#ports;
    const redis = link.up;
    if (redis === undefined || this.#detached || owner?.owning === false) return false;
    if (this.#recover) {
      this.#recover = false;
      try {
        await this.#takePending(redis, 0);
      } catch (error) {
        this.#recover = true;
        throw error;
      }
    }
    if (owner === undefined && clock.monotonic() >= this.#claimAt && room() > 0) {
      this.#claimAt = clock.monotonic() + Math.min(this.#config.claimAfterMs / 3, bellMs);
      await this.#takePending(redis, this.#config.claimAfterMs);
    }
    const count = room();
    return count > 0 && this.#read(redis, count);
  }

  async #read(redis: Connection, count: number): Promise<boolean> {
    const { keys, owner, bell, take } = this.#ports;
    const { group, consumer } = this.#config;
    const args = [keys.events, keys.owner(group), group, consumer, count, owner?.token ?? ''];
    const reply = await redis.callBuffer('EVAL', readScript, 2, ...args);
    const [found, what] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (found === -1) {
      owner?.lose();
      return false;
    }
    if (found === 0) {
      bell.after(String(what), this.#latch.ring);
      return false;
    }
    // Ended meanwhile: nobody is left to take them, and they were given back, or will be claimed.
    if (this.#ended) return false;
    for (const { id, fields } of readEntries(what)) if (fields !== undefined) take({ id, fields }, 1);
    return true;
  }

  /**
   * Takes over what was delivered before and is not here: with an `idleMs`, what anybody has left alone for that
   * long; else what was ours, and with an order, whoever had it.
   */
  async #takePending(redis: Connection, idleMs: number): Promise<void> {
    const { keys, owner, held, room } = this.#ports;
    const { group, consumer } = this.#config;
    const idle = idleMs > 0 ? ['IDLE', idleMs] : [];
    const whose = idleMs > 0 || owner !== undefined ? [] : [consumer];
    for (let after = '-'; !this.#ended;) {
      const args = [keys.events, group, ...idle, after, '+', pendingPage, ...whose];
      const page = readPending(await redis.call('XPENDING', ...args));
      const last = page.at(-1);
      if (last === undefined) return;
      const wanted = page.filter(({ id }) => !held.has(id));
      await this.#claim(redis, wanted, idleMs);
      // What others have left can wait for room; what is ours cannot, and was bounded when it was first read.
      if (page.length < pendingPage || (idleMs > 0 && room() === 0)) return;
      after = `(${last.id}`;
    }
  }

  async #claim(redis: Connection, wanted: readonly PendingEntry[], idleMs: number): Promise<void> {
    if (wanted.length === 0) return;
    const { keys, take, onTrimmed, owner } = this.#ports;
    const { group, consumer } = this.#config;
    const ids = wanted.map(({ id }) => id);
    const entries = readEntries(
      await redis.callBuffer('XCLAIM', keys.events, group, consumer, idleMs, ...ids),
    );
    if (this.#ended || owner?.owning === false) return;
    const deliveries = new Map(wanted.map((entry) => [entry.id, entry.deliveries + 1]));
    for (const { id, fields } of entries)
      if (fields !== undefined) take({ id, fields }, deliveries.get(id) ?? 1);
    // Others may have been faster with what is idle; of what is ours, only deleted entries do not come.
    const missing = idleMs > 0 ? 0 : wanted.length - entries.length;
    if (missing > 0) onTrimmed(missing);
  }
}
