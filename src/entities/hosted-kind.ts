import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, hasCode } from '../../streams/event/errors.ts';
import { backoff } from '../../streams/operators/backoff.ts';
import { keyOfLetter } from './key-of-letter.ts';
import type { EntityHostState, EntityHostStats } from './entity-host.ts';
import type { ResolvedEntityHost } from './entity-options.ts';
import { entityParts, type EntityParts } from './entity-parts.ts';
import type { EntityHome } from './entity-home.ts';
import type { ParkedKey } from './entity-parking.ts';
import type { EntityPorts } from './entity-ports.ts';
import { leaveOutHandled, mourn } from './parked-heads.ts';
import { whenDone } from '../when-done.ts';
import { eventInput, type EntityInput, type LiveEntity } from './live-entity.ts';

const storeBackoff = backoff({ baseMs: 100, maxMs: 30_000, jitter: 0.2 });
const shortestSweepMs = 50;
const mostCareful = 1_000;

/** A kind of entity that is hosted: starts its parts, stops them, and starts them anew when the store has failed. */
export class HostedKind {
  readonly parts: EntityParts;
  readonly ready: Promise<void>;
  failure: unknown;
  readonly #ports: EntityPorts;
  #state: EntityHostState = 'starting';
  #paused = false;
  #storeFailures = 0;
  #restart: TimerHandle;
  #sweep: TimerHandle;
  #stopping: Promise<void> | undefined;
  /** Who waits for a start that did not succeed at once. */
  #started: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(
    definition: EntityDefinition,
    options: ResolvedEntityHost,
    home: EntityHome,
    ports: EntityPorts,
  ) {
    this.#ports = ports;
    this.parts = entityParts(definition, options, home, ports, {
      onFailed: (error, culprit) => this.#failed(error, culprit),
      onUnreadable: (error) => this.#failed(error, undefined),
    });
    this.ready = this.#start();
    // Whoever waits for it hears of a failure; it is in the log in any case.
    this.ready.catch(() => {});
    this.#armSweep();
  }

  get definition(): EntityDefinition {
    return this.parts.definition;
  }

  /** The keys that stand still. */
  parked(): ParkedKey[] {
    return this.parts.parking.list();
  }

  get state(): EntityHostState {
    return this.#state === 'running' && this.#paused ? 'paused' : this.#state;
  }

  /** Whether there is nothing to do, or nothing that can be done now. */
  get quiet(): boolean {
    if (this.#paused) return true;
    if (this.#state === 'starting') return false;
    return this.#state !== 'running' || this.parts.engine.quiet;
  }

  stats(): EntityHostStats {
    const { room, work, failures, parking, commits, home, engine } = this.parts;
    return {
      state: this.state,
      active: room.cache.size,
      activations: room.activations,
      passivations: room.passivations,
      ...work.counters,
      retrying: failures.waiting,
      parkedKeys: parking.size,
      parkedEvents: parking.events,
      lag: engine.queued + home.source.unread,
      position: home.kept ? commits.cursor : 0,
    };
  }

  pause(): void {
    this.#paused = true;
    this.parts.engine.run(false);
    this.parts.engine.flush();
    this.#ports.onSettled();
  }

  resume(): void {
    this.#paused = false;
    if (this.#state === 'running') this.parts.engine.run(true);
  }

  /** Lets a parked key go on: with the event that was given up, which is `again`, or without any. */
  async release(key: string, again?: EventEnvelope): Promise<boolean> {
    await this.ready;
    const { parking, commits, room, failures, engine, work } = this.parts;
    if (!parking.has(key)) return false;
    const inputs = await parking.inputs(key);
    const [head, ...rest] = inputs;
    if (head === undefined || (again !== undefined && head.event?.id !== again.id)) return false;
    const entity = await room.open(key, this.#ports.clock.monotonic());
    // Two releases at a time must not handle one event twice.
    if (entity.waiting !== undefined || !parking.has(key)) return false;
    // The same object as in the dead letters, where it is known how often it was requeued.
    const waiting: EntityInput[] = again === undefined ? rest : [{ ...head, event: again }, ...rest];
    if (again === undefined) {
      commits.write(parking.remove(key, head.entry ?? ''));
      work.skip(entity, head);
    }
    room.wake(entity);
    failures.wait(entity, waiting);
    engine.resume(entity);
    return true;
  }

  /** An event that was given up is to be handled again. False: it waits behind another one, and stays there. */
  async requeue(event: EventEnvelope, onSettled: () => void): Promise<boolean> {
    await this.ready;
    const { parking, definition, engine, answers } = this.parts;
    if (parking.size > 0) {
      const key = keyOfLetter(definition, event);
      if (key !== undefined && parking.has(key)) {
        const released = await this.release(key, event);
        // It is kept by its kind; if it fails again it is a dead letter again.
        if (released) onSettled();
        return released;
      }
    }
    whenDone(answers.expect(event.id).done, onSettled, onSettled);
    engine.take(eventInput(event, 0, this.#ports.clock.now()));
    engine.wake();
    return true;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Tries until the store can be read; gives up where it holds what this process cannot know. */
  async #start(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      if (this.#stopping === undefined && !hasCode(error, 'ERR_ENTITY')) {
        await new Promise<void>((resolve, reject) => {
          this.#started = { resolve, reject };
          this.#failed(error, undefined);
        });
        return;
      }
      this.#giveUp(error);
      throw error;
    }
  }

  /** It cannot be hosted. */
  #giveUp(error: unknown): void {
    const { kind } = this.parts.definition;
    this.failure = error;
    this.#state = 'failed';
    this.#ports.logger.error({ entity: kind, error }, `${kind} cannot be hosted: ${describeError(error)}`);
    this.#ports.announce('entity.failed', { kind, error: describeError(error) });
    this.#ports.onSettled();
  }

  /** Finds where the kind was and goes on there. @throws StorageError */
  async #begin(): Promise<void> {
    const { options, parking, timers, commits, engine, home } = this.parts;
    const { kept, place, source } = home;
    if (kept) await place.checkVersion();
    const found = kept ? await place.find(options.from) : { cursor: 0, revision: 0 };
    const [heads] = await Promise.all([parking.load(), timers.reload()]);
    if (home.outbox !== undefined) await leaveOutHandled(this.parts, this.#ports.clock);
    if (this.#stopping !== undefined) return;
    commits.cursor = found.cursor;
    commits.cursorRevision = found.revision;
    mourn(heads, this.parts, this.#ports);
    const trial = await home.trial(this.parts, (error) => this.#failed(error, undefined));
    if (this.#stopping === undefined) engine.tryEach(trial);
    else trial?.leave();
    if (this.#stopping !== undefined) return;
    source.start(found.cursor, engine);
    this.#state = 'running';
    if (!this.#paused) engine.run(true);
  }

  /** The store has failed: all that it does not have is forgotten, and is done again from where it was. */
  #failed(error: unknown, culprit: LiveEntity | undefined): void {
    if (this.#stopping !== undefined || this.#state === 'failing') return;
    const { engine, commits, failures, room, work, definition, home } = this.parts;
    const { kind } = definition;
    const { logger, clock, random } = this.#ports;
    this.#state = 'failing';
    engine.run(false);
    // What comes meanwhile comes again, in its turn.
    if (home.kept) home.source.stop();
    commits.reset();
    failures.reset();
    engine.reset();
    room.reset();
    if (culprit === undefined) {
      this.#storeFailures = Math.min(this.#storeFailures + 1, 30);
      this.failure = error;
      logger.error(
        { entity: kind, error },
        `${kind} was not kept, and is tried again: ${describeError(error)}`,
      );
    } else {
      // Which event made the state unfit is found out by trying after each.
      if (work.careful.size >= mostCareful) work.careful.clear();
      work.careful.add(culprit.key);
    }
    const delayMs = culprit === undefined ? storeBackoff(this.#storeFailures, random) : 0;
    this.#restart = clock.setTimeout(() => void this.#tryAgain(), delayMs, true);
  }

  async #tryAgain(): Promise<void> {
    if (this.#stopping !== undefined) return;
    try {
      await this.#begin();
      this.failure = undefined;
      this.#started?.resolve();
    } catch (error) {
      if (hasCode(error, 'ERR_ENTITY')) {
        this.#giveUp(error);
        this.#started?.reject(error);
        return;
      }
      this.#state = 'starting';
      this.#failed(error, undefined);
    }
  }

  async #stop(): Promise<void> {
    const { engine, commits, timers, failures, answers, room, definition, home } = this.parts;
    const { clock } = this.#ports;
    this.#started?.reject(
      new ClosedError(`the host of ${definition.kind} was stopped before it had started`),
    );
    await this.ready.catch(() => {});
    engine.run(false);
    engine.tryEach(undefined);
    home.source.stop();
    clock.clearTimeout(this.#restart);
    clock.clearTimeout(this.#sweep);
    timers.close();
    if (this.#state === 'running') {
      // What was done while one commit was under way makes one more.
      for (let commit = 0; commit < 3 && commits.pending; commit += 1) {
        engine.flush();
        await commits.settled();
      }
    }
    this.#state = 'stopped';
    failures.reset();
    answers.close(definition.kind);
    room.clear();
    await home.leave();
    this.#ports.onSettled();
  }

  /** Entities that have not been used for a while leave memory. */
  #armSweep(): void {
    const { clock } = this.#ports;
    const { room, options } = this.parts;
    const { passivateAfterMs, maxActive } = options;
    if (passivateAfterMs === Infinity) return;
    this.#sweep = clock.setTimeout(
      () => {
        if (this.#stopping !== undefined) return;
        if (this.#state === 'running') room.passivate(clock.monotonic() - passivateAfterMs, maxActive);
        this.#armSweep();
      },
      Math.max(shortestSweepMs, passivateAfterMs / 4),
      true,
    );
  }
}
