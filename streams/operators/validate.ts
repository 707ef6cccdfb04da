import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { AnyEventDefinition } from '../event/define-event.ts';
import { describeValue } from '../event/describe-value.ts';
import { validatePayload } from '../event/validate-payload.ts';
import { AsyncMapper } from './async-map.ts';
import { checkLimit } from './check-number.ts';
import { runFlow } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface ValidateOptions {
  /** What the values are called in errors. Default `'the value'`. */
  readonly name?: string;
  /** Takes values that are not valid, each with its ValidationError. Default: the stream fails. */
  readonly invalid?: SideOutput<FailedValue<unknown>>;
  /** How many values an asynchronous schema may check at once. Default `16`. */
  readonly concurrency?: number;
  /** How many values may wait for an asynchronous schema. Default `100_000`. */
  readonly capacity?: number;
}

const names: OptionNames<ValidateOptions> = {
  name: true,
  invalid: 'output',
  concurrency: true,
  capacity: true,
};

/**
 * Emits what a Standard Schema (zod, valibot, arktype …) makes of each value that it accepts, in order.
 *
 * A value that is not valid never passes: it goes to `invalid`, or ends the stream. Costs what the schema
 * costs; no promise unless the schema is asynchronous.
 *
 * @throws TypeError when `schema` is none; from the stream, ValidationError naming the first fields that
 * are wrong.
 * @example
 * ```ts
 * const invalid = new Subject<FailedValue<unknown>>();
 * of(1, 'two', 3).pipe(validate(z.number(), { invalid })); // => 1, 3
 * ```
 */
export function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  options: ValidateOptions = {},
): OperatorFunction<unknown, Output> {
  checkOptions('validate', options, names);
  const { name = 'the value', invalid, concurrency = 16, capacity = 100_000 } = options;
  checkLimit('concurrency', concurrency, 1);
  checkLimit('capacity', capacity, 0);
  const checker = definitionOf(name, schema);
  const map = (value: unknown): Output | PromiseLike<Output> =>
    validatePayload(checker, value) as Output | PromiseLike<Output>;
  return runFlow(
    (output) =>
      new AsyncMapper<unknown, Output>(
        { name: 'validate', map, concurrency, capacity, inOrder: true, errors: invalid },
        output,
      ),
  );
}

/** A payload's schema and nothing around it: values are checked, and named in errors, as payloads are. */
function definitionOf(type: string, schema: StandardSchemaV1): Pick<AnyEventDefinition, 'type' | 'schema'> {
  const standard = (
    schema as { readonly '~standard'?: { readonly validate?: unknown } } | null | undefined
  )?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    throw new TypeError(
      `schema must be a Standard Schema (zod, valibot, arktype …), got ${describeValue(schema)}`,
    );
  }
  return { type, schema };
}
