import type { AnyEventDefinition } from './define-event.ts';
import { describeValue } from './describe-value.ts';
import { ValidationError } from './errors.ts';
import { validatePayload } from './validate-payload.ts';

/** What a bus does with an event whose type nobody defined. */
export type UnknownTypes = 'accept' | 'reject';

/**
 * The event types that one bus knows, so that an event from elsewhere, or made by hand, is validated by
 * the definition of its type, lifted to the current schema version first.
 */
export class EventRegistry {
  readonly #definitions = new Map<string, AnyEventDefinition>();
  readonly #unknownTypes: UnknownTypes;

  constructor(unknownTypes: UnknownTypes = 'accept') {
    this.#unknownTypes = unknownTypes;
  }

  /**
   * Makes a definition known. The same one twice is fine.
   *
   * @throws TypeError when another definition of that type is known: two schemas for one type would make
   * validity depend on who publishes.
   */
  add(definition: AnyEventDefinition): void {
    const known = this.#definitions.get(definition.type);
    if (known === definition) return;
    if (known !== undefined) {
      throw new TypeError(
        `event type ${describeValue(definition.type)} is already defined by another definition on this bus; ` +
          'define it once and share it',
      );
    }
    this.#definitions.set(definition.type, definition);
  }

  get(type: string): AnyEventDefinition | undefined {
    return this.#definitions.get(type);
  }

  /** All known types, sorted. */
  types(): string[] {
    return [...this.#definitions.keys()].toSorted();
  }

  /**
   * Gives the payload of an event that was not made by a definition here, lifted and validated; a promise
   * where the schema is asynchronous.
   *
   * @throws ValidationError
   */
  admit(type: string, schemaVersion: number, data: unknown): unknown {
    const definition = this.#definitions.get(type);
    if (definition !== undefined) return validatePayload(definition, lift(definition, schemaVersion, data));
    if (this.#unknownTypes === 'accept') return data;
    throw new ValidationError(
      `type ${describeValue(type)} is not known to this bus; define it with defineEvent and list it in ` +
        "createBus({ events }), or set unknownTypes: 'accept'",
      { issues: [{ field: 'type', message: 'unknown event type' }] },
    );
  }

  /** The version that a payload has after `admit`. */
  versionOf(type: string, schemaVersion: number): number {
    return this.#definitions.get(type)?.version ?? schemaVersion;
  }
}

function lift(definition: AnyEventDefinition, from: number, data: unknown): unknown {
  if (from === definition.version) return data;
  const fail = (message: string, cause?: unknown): never => {
    throw new ValidationError(`${definition.type}: ${message}`, {
      issues: [{ field: 'schemaVersion', message }],
      ...(cause === undefined ? {} : { cause }),
    });
  };
  if (from > definition.version) {
    return fail(
      `schema version ${from} is newer than ${definition.version}, the newest known here; upgrade this process`,
    );
  }
  let lifted = data;
  for (let version = from; version < definition.version; version += 1) {
    const upcast = Object.hasOwn(definition.upcast, version) ? definition.upcast[version] : undefined;
    if (upcast === undefined) return fail(`no upcast from schema version ${version} to ${version + 1}`);
    try {
      lifted = upcast(lifted);
    } catch (cause) {
      return fail(`the upcast from schema version ${version} threw`, cause);
    }
  }
  return lifted;
}
