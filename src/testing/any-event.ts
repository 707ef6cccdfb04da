import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { EventDefinition, EventDraft, EventFields } from '../../streams/event/define-event.ts';
import type { Priority } from '../../streams/event/priority.ts';
import { anyData, type AnyDataOptions } from './any-data.ts';

/** What drawn events may be. */
export interface AnyEventOptions<Input> extends AnyDataOptions<Input> {
  /** Keys to choose from. Default: the definition's key. */
  readonly keys?: readonly string[];
  /** Priorities to choose from, or `'all'`. Default: the definition's. */
  readonly priorities?: readonly Priority[] | 'all';
}

/**
 * Draws events of a definition, as `publish` takes them: `bus.publish(event)`.
 *
 * The payload as `anyData` draws it. A counterexample prints it as it would be written: `order.placed({"total":0})`.
 *
 * @throws TypeError as `anyData`.
 */
export function anyEvent<Type extends string, Input, Data>(
  definition: EventDefinition<Type, Input, Data>,
  options: AnyEventOptions<NoInfer<Input>> = {},
): fc.Arbitrary<EventDraft<Type, Input, Data>> {
  return fc
    .tuple(anyData(definition, options), anyFields(options))
    .map(([data, fields]) => readable(definition(data, fields)));
}

/** What draws shrink to stands first. */
const plainFirst: readonly Priority[] = ['normal', 'low', 'high', 'critical'];

/** Draws the fields that options leave open. */
export function anyFields(
  options: Pick<AnyEventOptions<never>, 'keys' | 'priorities'>,
): fc.Arbitrary<Pick<EventFields, 'key'> & { readonly priority?: Priority }> {
  const { keys, priorities } = options;
  const chosen = priorities === 'all' ? plainFirst : priorities;
  return plainRecord({
    ...(keys !== undefined && { key: fc.constantFrom(...keys) }),
    ...(chosen !== undefined && { priority: fc.constantFrom(...chosen) }),
  });
}

/** Makes a draft print as the call that makes it. */
function readable<Type extends string, Input, Data>(
  draft: EventDraft<Type, Input, Data>,
): EventDraft<Type, Input, Data> {
  const { definition, data, fields } = draft;
  const named = fields === undefined || Object.keys(fields).length === 0 ? '' : `, ${fc.stringify(fields)}`;
  Object.defineProperty(draft, fc.toStringMethod, {
    value: () => `${definition.type}(${fc.stringify(data)}${named})`,
  });
  return draft;
}
