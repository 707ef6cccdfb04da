import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { EntityRunner } from '../../actors/entity-logic.ts';
import { Observable, Subject, takeUntil } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import { ClosedError, EntityError } from '../../streams/event/errors.ts';
import type { SharedEntities } from '../shared-entities.ts';
import { decodeAnswer, encodeCall, type EntityAnswer, type EntityCall } from './entity-call.ts';
import { entityBucket, EntityStates } from './entity-states.ts';

/** Milliseconds before an owner that is not there is looked for again: at first, and at most. */
const firstPauseMs = 20;
const longestPauseMs = 250;

export interface EntityClientPorts {
  readonly clock: Clock;
  readonly shared: SharedEntities;
  readonly newId: () => string;
}

/** Asks the owners of a kind's entities, whichever process they are in, and watches what is kept of them. */
export class EntityClient {
  readonly definition: EntityDefinition;
  readonly #ports: EntityClientPorts;
  readonly #runner: EntityRunner;
  readonly #states: EntityStates;
  readonly #closed$ = new Subject<void>();
  #closed = false;

  constructor(definition: EntityDefinition, ports: EntityClientPorts) {
    this.definition = definition;
    this.#ports = ports;
    const nothing = (): void => {};
    this.#runner = definition.logic({ clock: ports.clock, onSignal: nothing, log: nothing });
    const { states: snapshots } = ports.shared;
    this.#states = new EntityStates(
      definition,
      this.#runner,
      { snapshots, part: '', outbox: undefined },
      nothing,
    );
  }

  /** What an entity is, once all that was published by now is handled. @throws EntityError, ClosedError */
  async view(key: string, timeoutMs: number): Promise<unknown> {
    const answer = await this.#call({ ask: 'view', key, event: '' }, timeoutMs);
    return this.#shown(key, answer.kind === 'view' ? answer.record : undefined);
  }

  /** Resolves when an event that is stored has been handled, and that is kept. @throws EntityError, ClosedError */
  async settled(key: string, event: string, timeoutMs: number): Promise<void> {
    await this.#call({ ask: 'settle', key, event }, timeoutMs);
  }

  /** Lets a parked key go on. @throws EntityError, ClosedError */
  async release(key: string, event: string, timeoutMs: number): Promise<boolean> {
    const answer = await this.#call({ ask: 'release', key, event }, timeoutMs);
    return answer.kind === 'done' && answer.done;
  }

  /** What is kept of an entity, now and after each change. */
  snapshots(key: string): Observable<unknown> {
    const { shared } = this.#ports;
    return new Observable<unknown>((output) => {
      if (this.#closed) {
        output.complete();
        return;
      }
      let revision = -1;
      output.add(
        shared.watch(entityBucket(this.definition.kind), key, (snapshot) => {
          if ((snapshot?.revision ?? 0) <= revision) return;
          revision = snapshot?.revision ?? 0;
          try {
            output.next(this.#shown(key, snapshot?.value));
          } catch (error) {
            output.error(error);
          }
        }),
      );
    }).pipe(takeUntil(this.#closed$));
  }

  close(): void {
    this.#closed = true;
    this.#closed$.next();
    this.#closed$.complete();
  }

  #shown(key: string, record: Uint8Array | undefined): unknown {
    if (record === undefined) return this.#runner.preview(key);
    const { state } = this.#states.open(key, { value: record, revision: 1 });
    return state === undefined ? this.#runner.preview(key) : this.#runner.view(state);
  }

  /** Asks until somebody answers: owners come and go. */
  async #call(call: Pick<EntityCall, 'ask' | 'key' | 'event'>, timeoutMs: number): Promise<EntityAnswer> {
    const { clock, shared, newId } = this.#ports;
    const { kind } = this.definition;
    const { key } = call;
    const id = newId();
    const address = { kind, partition: shared.partitionOf(key) };
    const deadline = clock.monotonic() + timeoutMs;
    let absent = false;
    for (let attempt = 0; ; attempt += 1) {
      if (this.#closed) throw new ClosedError(`the bus was closed before ${kind} ${key} had answered`);
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) throw this.#tooLate(key, timeoutMs, absent);
      const outcome = await this.#race(address, { ...call, id, timeoutMs: leftMs }, leftMs);
      if (outcome === 'nobody') absent = true;
      // What the deadline cut short says nothing of the owner.
      else if (outcome !== 'silent' || leftMs > longestPauseMs) absent = false;
      const answer = typeof outcome === 'string' ? undefined : decodeAnswer(outcome);
      if (answer?.kind === 'failed') {
        throw new EntityError(answer.message, { kind, key, reason: answer.reason });
      }
      if (answer?.kind === 'malformed') {
        throw new EntityError(`${answer.message}: its process may run another version of Breakwater`, {
          kind,
          key,
          reason: 'version',
        });
      }
      if (answer !== undefined && answer.kind !== 'moved') return answer;
      if (outcome !== 'silent') await this.#pause(attempt, deadline);
    }
  }

  /** One attempt: no longer than there is time. */
  async #race(
    address: { readonly kind: string; readonly partition: number },
    call: EntityCall,
    leftMs: number,
  ): Promise<Uint8Array | 'nobody' | 'silent'> {
    const { clock, shared } = this.#ports;
    let timer: unknown;
    const late = new Promise<'silent'>((resolve) => {
      timer = clock.setTimeout(() => resolve('silent'), leftMs);
    });
    const outcome = await Promise.race([shared.call(address, encodeCall(call)), late]);
    clock.clearTimeout(timer);
    return outcome;
  }

  #pause(attempt: number, deadline: number): Promise<void> {
    const { clock } = this.#ports;
    const delayMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 8));
    const leftMs = Math.max(0, deadline - clock.monotonic());
    return new Promise((resolve) => clock.setTimeout(resolve, Math.min(delayMs, leftMs)));
  }

  #tooLate(key: string, timeoutMs: number, absent: boolean): EntityError {
    const { kind } = this.definition;
    if (!absent) {
      return new EntityError(`${kind} ${key} did not answer within ${timeoutMs} ms: its process is busy`, {
        kind,
        key,
        reason: 'timeout',
      });
    }
    return new EntityError(
      `${kind} ${key} did not answer within ${timeoutMs} ms: no process hosts it; call bus.host in one`,
      { kind, key, reason: 'not-hosted' },
    );
  }
}
