import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';

/**
 * Gives events that were kept the form that their definitions have now: payloads of older schema versions are lifted
 * and validated. Events of the current version, and of types that nobody defined, are given as they are.
 *
 * @throws ValidationError when an event cannot be lifted; TransportError when its schema is asynchronous, for a log
 * is read in order and cannot wait.
 */
export function eventLift(registry: EventRegistry): (event: EventEnvelope) => EventEnvelope {
  return (event) => {
    const { id, type, source, time, priority, schemaVersion, key } = event;
    const version = registry.versionOf(type, schemaVersion);
    if (version === schemaVersion) return event;
    const data = registry.admit(type, schemaVersion, event.data);
    if (data instanceof Promise) {
      data.catch(() => {});
      throw new TransportError(
        `event ${id} of type ${type} has schema version ${schemaVersion}, and its schema is asynchronous: it cannot ` +
          `be lifted to version ${version} while it is read. Give the definition a synchronous schema`,
      );
    }
    return new ValidEnvelope(id, type, source, time, priority, version, data, key, event);
  };
}
