import type { Clock } from '../../streams/event/clock.ts';
import { EntityError } from '../../streams/event/errors.ts';
import type { HostedKind } from './hosted-kind.ts';
import type { LiveEntity } from './live-entity.ts';

/** What the entity is once all that was published by now is handled. @throws EntityError while its key is parked */
export async function settledView(
  hosted: HostedKind,
  key: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  await whenSettled(hosted, key, clock, signal);
  return viewOf(hosted, key);
}

/** Resolves to the entity once all that was published by now is handled. @throws EntityError while its key is parked */
export async function whenSettled(
  hosted: HostedKind,
  key: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<LiveEntity> {
  await hosted.ready;
  const { home, answers, engine, room, parking, definition } = hosted.parts;
  const { done, forget } = answers.whenKept(await home.source.end());
  signal.addEventListener('abort', forget);
  engine.wake();
  await done;
  for (;;) {
    const { kind } = definition;
    if (parking.has(key) && room.cache.get(key)?.waiting === undefined) {
      throw new EntityError(
        `${kind} ${key} is parked behind an event that was given up; requeue that event in the dead letters, or ` +
          'release the key at its host',
        { kind, key, reason: 'parked' },
      );
    }
    const entity = await room.open(key, clock.monotonic());
    if (entity.waiting === undefined) return entity;
    await nextChange(hosted, key, signal);
  }
}

function nextChange(hosted: HostedKind, key: string, signal: AbortSignal): Promise<void> {
  const { changed$, leave } = hosted.parts.answers.changes(key);
  return new Promise((resolve) => {
    const subscription = changed$.subscribe({ next: () => end(), complete: () => end() });
    const end = (): void => {
      subscription.unsubscribe();
      leave();
      resolve();
    };
    signal.addEventListener('abort', end);
  });
}

/** What is kept of an entity that is in memory. */
export function viewOf({ parts }: HostedKind, key: string): unknown {
  const kept = parts.room.cache.get(key)?.kept;
  return kept === undefined ? parts.runner.preview(key) : parts.runner.view(kept);
}
