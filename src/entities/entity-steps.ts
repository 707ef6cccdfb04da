import type { EntityDefinition } from '../../actors/define-entity.ts';
import type {
  EntityCause,
  EntityRunner,
  EntitySignal,
  EntityState,
  EntityTimer,
} from '../../actors/entity-logic.ts';
import { EventDraft } from '../../streams/event/define-event.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { entityEventId } from './entity-event-id.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import type { LiveEntity } from './live-entity.ts';

/** What a step has done. */
export interface EntityStepResult {
  readonly state: EntityState;
  readonly events: readonly EventEnvelope[];
}

const noEvents: readonly EventEnvelope[] = [];

/** Makes the steps of a kind's entities: a state and an input go in, a state and events come out. */
export class EntitySteps {
  readonly #definition: EntityDefinition;
  readonly #runner: EntityRunner;
  readonly #factory: EventFactory;

  constructor(definition: EntityDefinition, runner: EntityRunner, factory: EventFactory) {
    this.#definition = definition;
    this.#runner = runner;
    this.#factory = factory;
  }

  /** @throws whatever the machine, the fold or a schema threw; nothing has changed then. */
  event({ key, state }: LiveEntity, event: EventEnvelope, time: number): EntityStepResult {
    const runner = this.#begin(time, event);
    const before = state ?? runner.initial(key);
    const signal = this.#definition.signalOf(event);
    const after = signal === undefined ? before : runner.step(before, signal);
    return this.#result(after, event, event.id, key, time);
  }

  /** @throws as `event` */
  signal({ key, state }: LiveEntity, signal: EntitySignal, time: number): EntityStepResult | undefined {
    if (state === undefined) return undefined;
    const runner = this.#begin(time, undefined);
    return this.#result(runner.step(state, signal), undefined, `signal ${signal.type} ${time}`, key, time);
  }

  /** @throws as `event` */
  timer({ key, state }: LiveEntity, timer: EntityTimer, time: number): EntityStepResult | undefined {
    if (state === undefined) return undefined;
    const runner = this.#begin(time, timer.cause);
    const timers = state.timers.filter((one) => one !== timer);
    const after = runner.step({ ...state, timers }, timer.signal);
    return this.#result(after, timer.cause, `timer ${timer.id} ${timer.at}`, key, time);
  }

  /** The first of its timers that is due, if there is one. */
  dueTimer({ state }: LiveEntity, time: number): EntityTimer | undefined {
    let first: EntityTimer | undefined;
    if (state === undefined || state.timers.length === 0) return undefined;
    for (const timer of state.timers)
      if (timer.at <= time && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }

  #begin(time: number, cause: EntityCause | undefined): EntityRunner {
    const runner = this.#runner;
    runner.now = time;
    runner.cause = cause;
    if (runner.emitted.length > 0) runner.emitted.length = 0;
    return runner;
  }

  #result(
    state: EntityState,
    cause: EntityCause | undefined,
    origin: string,
    key: string,
    time: number,
  ): EntityStepResult {
    const { emitted } = this.#runner;
    if (emitted.length === 0) return { state, events: noEvents };
    const causing = cause === undefined ? undefined : causeEnvelope(cause);
    const events = emitted.map((one, at) => {
      const id = entityEventId(time, [this.#definition.kind, key, origin, String(at)].join('\u0000'));
      return this.#make(one, id, causing);
    });
    emitted.length = 0;
    return { state, events };
  }

  /** A draft, `{ type, data }`, or a signal whose other members are the payload. */
  #make(emitted: unknown, id: string, cause: EventEnvelope | undefined): EventEnvelope {
    let made: EventEnvelope | Promise<EventEnvelope>;
    if (emitted instanceof EventDraft) {
      const draft = new EventDraft(emitted.definition, emitted.data, { ...emitted.fields, id });
      made = this.#factory.make(draft, undefined, undefined, cause);
    } else {
      const { type, ...rest } = emitted as { readonly type: string; readonly data?: unknown };
      made = this.#factory.make(type, 'data' in rest ? rest.data : rest, { id }, cause);
    }
    if (!(made instanceof Promise)) return made;
    made.catch(() => {});
    throw new TypeError(
      `${this.#definition.kind} emits an event whose schema is asynchronous; what an entity emits must be checked at once`,
    );
  }
}

/** What is known of a cause, as the factory wants it. */
function causeEnvelope(cause: EntityCause | EventEnvelope): EventEnvelope {
  if ('data' in cause) return cause;
  return new ValidEnvelope(cause.id, cause.type, 'entity', 0, 'normal', 1, undefined, undefined, cause);
}
