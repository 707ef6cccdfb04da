import { Observable } from 'rxjs';
import type { PublishReceipt } from '../../actors/handler.ts';
import type { EntityDefinition } from '../../actors/define-entity.ts';
import { isDefinition, type EventFields } from '../../streams/event/define-event.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { ValidEnvelope } from '../../streams/event/envelope.ts';
import { EntityError } from '../../streams/event/errors.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { PublishCall } from '../../streams/event/publish.ts';
import { checkAsk } from './check-ask.ts';
import type { AskOptions } from './entity-host.ts';
import type { EntityPorts } from './entity-ports.ts';
import type { HostedKind } from './hosted-kind.ts';
import { settledView, viewOf } from './entity-view.ts';
import { whenDone } from '../when-done.ts';

/** One entity, as others see it: made by `bus.entity`. It need not exist yet, nor be in memory. */
export interface EntityRef<View> {
  readonly kind: string;
  readonly key: string;
  /**
   * Publishes an event for this entity, as `bus.publish` does, and resolves when the entity has handled it and that
   * is kept. Rejects with EntityError when it was given up, or waits behind one that was: it is recorded all the same.
   *
   * @throws TypeError for an event that is for another entity, or of a type that its kind does not listen to.
   */
  readonly send: PublishCall<Promise<PublishReceipt>>;
  /**
   * Resolves to the answer to a question about what the entity is, after every event whose publish had resolved by
   * then. Changes nothing. Rejects with what the question throws; with EntityError while its key is parked, or when
   * it takes longer than `timeoutMs`.
   */
  ask<Answer>(this: void, question: (view: View) => Answer, options?: AskOptions): Promise<Awaited<Answer>>;
  /** Emits what the entity is now, as it is kept, then each change that is; those of one commit as the last of them. */
  readonly snapshot$: Observable<View>;
}

/** What refs need besides the bus's ports. */
export interface EntityRefPorts extends Pick<EntityPorts, 'clock' | 'factory'> {
  readonly publish: (event: ValidEnvelope) => Promise<PublishReceipt>;
}

/** A ref of an entity whose kind is hosted. */
export function entityRef(hosted: HostedKind, key: string, ports: EntityRefPorts): EntityRef<unknown> {
  const { kind } = hosted.parts.definition;
  return {
    kind,
    key,
    send: (subject: unknown, data?: unknown, fields?: EventFields) =>
      send(hosted, key, ports, [subject, data, fields]),
    ask: (question, options = {}) => ask(hosted, key, ports, question, options),
    snapshot$: snapshots(hosted, key, ports),
  };
}

type SendArguments = [subject: unknown, data: unknown, fields: EventFields | undefined];

/** Makes an event of what `send` was given. @throws TypeError for one that is not for this entity */
export async function addressed(
  definition: EntityDefinition,
  key: string,
  factory: EntityPorts['factory'],
  [subject, data, fields]: SendArguments,
): Promise<ValidEnvelope> {
  const made = await factory.make(subject, data, fields, undefined);
  const event = made.key === undefined ? withKey(made, key) : made;
  checkAddressee(definition, event, key);
  return event;
}

async function send(
  hosted: HostedKind,
  key: string,
  { factory, publish }: EntityRefPorts,
  given: SendArguments,
): Promise<PublishReceipt> {
  const { definition, answers } = hosted.parts;
  const event = await addressed(definition, key, factory, given);
  await hosted.ready;
  const answer = answers.expect(event.id);
  try {
    const receipt = await publish(event);
    // Turned away by the bus, as a duplicate say: nobody will handle it.
    if (receipt.level === 'none') answer.forget();
    else await answer.done;
    return receipt;
  } catch (error) {
    answer.forget();
    throw error;
  }
}

/** An event that says nothing of a key is ordered with the others of its entity. */
function withKey(event: ValidEnvelope, key: string): ValidEnvelope {
  const { id, type, source, time, priority, schemaVersion, data } = event;
  return new ValidEnvelope(id, type, source, time, priority, schemaVersion, data, key, event);
}

/** The types that a kind listens to; made once a kind. */
const listeners = new WeakMap<EntityDefinition, PatternIndex<true>>();

function checkAddressee(definition: EntityDefinition, event: ValidEnvelope, key: string): void {
  const { kind, on, keyOf } = definition;
  let types = listeners.get(definition);
  if (types === undefined) {
    types = new PatternIndex<true>();
    for (const subject of on) types.add(isDefinition(subject) ? subject.type : subject, true);
    listeners.set(definition, types);
  }
  if (types.match(event.type).length === 0) {
    throw new TypeError(`${kind} does not listen to ${event.type}; add it to the definition's on`);
  }
  const found = keyOf(event);
  if (found === key) return;
  throw new TypeError(
    `the event is for ${kind} ${describeValue(found)}, by the key of its definition, not for ${describeValue(key)}`,
  );
}

async function ask<Answer>(
  hosted: HostedKind,
  key: string,
  { clock }: EntityRefPorts,
  question: (view: never) => Answer,
  options: AskOptions,
): Promise<Awaited<Answer>> {
  const timeoutMs = checkAsk(question, options);
  const { kind } = hosted.parts.definition;
  let late = (): void => {};
  const timeout = new Promise<never>((_, reject) => {
    late = () => {
      const state = hosted.state === 'running' ? 'it is busy' : `its host is ${hosted.state}`;
      reject(
        new EntityError(`${kind} ${key} did not answer within ${timeoutMs} ms: ${state}`, {
          kind,
          key,
          reason: 'timeout',
          cause: hosted.failure,
        }),
      );
    };
  });
  const timer = timeoutMs === Infinity ? undefined : clock.setTimeout(late, timeoutMs);
  const stop = new AbortController();
  try {
    const view = await Promise.race([settledView(hosted, key, clock, stop.signal), timeout]);
    return await question(view as never);
  } finally {
    stop.abort();
    clock.clearTimeout(timer);
  }
}

function snapshots(hosted: HostedKind, key: string, { clock }: EntityRefPorts): Observable<unknown> {
  return new Observable((output) => {
    const { answers, room, runner } = hosted.parts;
    const { changed$, leave } = answers.changes(key);
    let shown: unknown;
    const show = (view: unknown): void => {
      if (view === shown) return;
      shown = view;
      output.next(view);
    };
    let open = false;
    output.add(
      changed$.subscribe({
        next: () => {
          const kept = room.cache.get(key)?.kept;
          if (open && kept !== undefined) show(runner.view(kept));
        },
        complete: () => output.complete(),
      }),
    );
    output.add(leave);
    whenDone(
      hosted.ready.then(() => room.open(key, clock.monotonic())),
      () => {
        open = true;
        if (!output.closed) show(viewOf(hosted, key));
      },
      (error) => output.error(error),
    );
  });
}
