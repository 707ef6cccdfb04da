import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EntityParts } from './entity-parts.ts';
import type { EntityPorts } from './entity-ports.ts';
import { whenDone } from '../when-done.ts';

/** Events that were given up in a run before are in the dead letters of this one. */
export function mourn(
  heads: readonly EventEnvelope[],
  { home }: Pick<EntityParts, 'home'>,
  { deadLetters, clock, onError }: EntityPorts,
): void {
  const { name: subscriber } = home;
  if (heads.length === 0) return;
  whenDone(
    deadLetters.ready,
    () => {
      const known = new Set(deadLetters.list({ subscriber }).map(({ event }) => event.id));
      for (const event of heads) {
        if (known.has(event.id)) continue;
        const about = { reason: 'exhausted', attempts: 0, error: undefined, position: undefined } as const;
        deadLetters.add({ event, subscriber, time: clock.now(), ...about });
      }
    },
    onError,
  );
}

/**
 * Lets go of parked events that their entities have handled: where records are kept one by one, a process may die
 * between the record and the entry. @throws StorageError
 */
export async function leaveOutHandled(
  { parking, room, commits }: Pick<EntityParts, 'parking' | 'room' | 'commits'>,
  clock: Clock,
): Promise<void> {
  for (const { key } of parking.list()) {
    // One that cannot be opened stays parked.
    const entity = await room.open(key, clock.monotonic()).catch(() => undefined);
    if (entity === undefined) continue;
    for (const { entry, position } of await parking.inputs(key)) {
      if (entry === undefined || position === 0 || position > entity.position) continue;
      commits.write(parking.remove(key, entry));
    }
    if (!parking.has(key)) room.wake(entity);
  }
}
