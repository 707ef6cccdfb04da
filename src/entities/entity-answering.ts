import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { EntityError } from '../../streams/event/errors.ts';
import type { LogThrottle } from '../log-throttle.ts';
import type { Logger } from '../logger.ts';
import { decodeCall, encodeAnswer, type EntityAnswer, type EntityCall } from './entity-call.ts';
import { whenSettled } from './entity-view.ts';
import type { HostedKind } from './hosted-kind.ts';

type Reply = (answer: Uint8Array) => void;

/** Calls that an owner has under way, for one partition. */
const mostCalls = 4_096;

export interface EntityAnsweringPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly throttle: LogThrottle;
  readonly hosted: HostedKind;
  /** Whether the partition is this process's at this instant. */
  readonly holds: () => boolean;
  /** Whether a key belongs to the partition. */
  readonly has: (key: string) => boolean;
}

/** Answers what others ask the owner of a partition, whatever they send. */
export class EntityAnswering {
  readonly #ports: EntityAnsweringPorts;
  /** By the call's id: where its answer goes. */
  readonly #underWay = new Map<string, Reply>();

  constructor(ports: EntityAnsweringPorts) {
    this.#ports = ports;
  }

  readonly answer = (request: Uint8Array, reply: Reply): void => {
    const call = decodeCall(request);
    if (call === undefined || !this.#ports.has(call.key)) {
      this.#refuse(request, reply);
      return;
    }
    const again = this.#underWay.has(call.id);
    if (!again && this.#underWay.size >= mostCalls) {
      reply(encodeAnswer({ kind: 'moved' }));
      return;
    }
    // Who asks again waits there now.
    this.#underWay.set(call.id, reply);
    if (!again) void this.#reply(call);
  };

  async #reply(call: EntityCall): Promise<void> {
    const answer = await this.#answerTo(call);
    const reply = this.#underWay.get(call.id);
    this.#underWay.delete(call.id);
    if (answer !== undefined) reply?.(encodeAnswer(answer));
  }

  /** Undefined when nobody waits for it any more. Never rejects. */
  async #answerTo(call: EntityCall): Promise<EntityAnswer | undefined> {
    const { clock, holds } = this.#ports;
    const late = new AbortController();
    const timeout = new Promise<undefined>((resolve) => {
      late.signal.addEventListener('abort', () => resolve(undefined));
    });
    const timer = clock.setTimeout(() => late.abort(), call.timeoutMs, true);
    try {
      const answer = await Promise.race([this.#work(call, late.signal), timeout]);
      return holds() ? answer : { kind: 'moved' };
    } catch (error) {
      if (!holds() || !(error instanceof EntityError)) return { kind: 'moved' };
      return { kind: 'failed', reason: error.reason, message: describeError(error) };
    } finally {
      late.abort();
      clock.clearTimeout(timer);
    }
  }

  async #work({ ask, key, event }: EntityCall, signal: AbortSignal): Promise<EntityAnswer> {
    const { hosted, clock } = this.#ports;
    if (ask === 'release') return { kind: 'done', done: await this.#release(key, event) };
    const { states, definition } = hosted.parts;
    try {
      const entity = await whenSettled(hosted, key, clock, signal);
      return ask === 'settle' ? { kind: 'done', done: true } : { kind: 'view', record: states.show(entity) };
    } catch (error) {
      const { kind } = definition;
      const [head] = ask === 'settle' ? await hosted.parts.parking.inputs(key) : [];
      if (head?.event?.id !== event || event === '') throw error;
      throw new EntityError(`${kind} ${key} gave up event ${event}; it is in the dead letters`, {
        kind,
        key,
        reason: 'failed',
        cause: error,
      });
    }
  }

  /** Without the event that was given up; or with it, where it is named. */
  async #release(key: string, event: string): Promise<boolean> {
    const { hosted } = this.#ports;
    await hosted.ready;
    if (event === '') return hosted.release(key);
    const [head] = await hosted.parts.parking.inputs(key);
    return head?.event?.id === event && (await hosted.release(key, head.event));
  }

  #refuse(request: Uint8Array, reply: Reply): void {
    const { hosted, logger, throttle } = this.#ports;
    const { kind } = hosted.parts.definition;
    const withheld = throttle.pass();
    if (withheld !== undefined) {
      const bytes = request.length;
      logger.warn({ entity: kind, bytes, withheld }, `${kind} was asked something that is no call for it`);
    }
    reply(encodeAnswer({ kind: 'malformed', message: `this is no call that ${kind} knows` }));
  }
}
