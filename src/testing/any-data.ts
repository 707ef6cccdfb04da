import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import type { EventDefinition } from '../../streams/event/define-event.ts';
import { schemaArbitrary } from './schema-arbitrary.ts';

/** Where payloads come from. */
export interface AnyDataOptions<Input> {
  /** Draws payloads, for schemas that cannot say in JSON Schema what they accept. */
  readonly data?: fc.Arbitrary<Input>;
}

/** The part of the Standard JSON Schema interface that is used: zod since 4.2 has it, and others. */
interface JsonSchemaSource {
  readonly jsonSchema?: { input(options: { readonly target: string }): unknown };
}

/**
 * Draws payloads of a definition, as `publish` takes them: read from the schema where it can tell its JSON Schema.
 *
 * What the schema refuses all the same, by a `refine`, is left out. Shrinks to short texts and small numbers.
 *
 * @throws TypeError when the schema cannot be read, or refuses nearly all that is drawn: give `data` then.
 *
 * @example
 * ```ts
 * const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number().min(0) }));
 * fc.assert(fc.property(anyData(orderPlaced), ({ total }) => total >= 0));
 * ```
 */
export function anyData<Input>(
  definition: EventDefinition<string, Input>,
  options: AnyDataOptions<NoInfer<Input>> = {},
): fc.Arbitrary<Input> {
  const { type, schema } = definition;
  if (options.data !== undefined) return options.data;
  const drawn = schemaArbitrary(jsonSchemaOf(type, schema), `the schema of ${type}`);
  const samples = fc.sample(drawn, { numRuns: 50, seed: 1 });
  if (samples.filter((data) => accepts(schema, data)).length < 5) {
    throw new TypeError(
      `the schema of ${type} refuses nearly all that its JSON Schema allows; give an arbitrary as the option data`,
    );
  }
  return drawn.filter((data) => accepts(schema, data)) as fc.Arbitrary<Input>;
}

function accepts(schema: StandardSchemaV1, data: unknown): boolean {
  const result = schema['~standard'].validate(data);
  // One that takes time to decide is asked when the event is published.
  return result instanceof Promise || result.issues === undefined;
}

function jsonSchemaOf(type: string, schema: StandardSchemaV1): unknown {
  const { jsonSchema } = schema['~standard'] as JsonSchemaSource;
  if (jsonSchema === undefined) {
    throw new TypeError(
      `the schema of ${type} (${schema['~standard'].vendor}) tells no JSON Schema; give an arbitrary as the option data`,
    );
  }
  try {
    return jsonSchema.input({ target: 'draft-2020-12' });
  } catch (cause) {
    throw new TypeError(
      `the schema of ${type} has no JSON Schema (a date, a transform, a custom check?); give an arbitrary as the option data`,
      { cause },
    );
  }
}
