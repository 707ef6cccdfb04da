import { describeError } from './describe-error.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyEventDefinition } from './define-event.ts';
import { describeValue } from './describe-value.ts';
import { ValidationError, type ValidationIssue } from './errors.ts';

/** Issues that an error carries at most: a hostile payload can cause a million. */
const maxIssues = 20;

/** What a payload is called in errors, and what decides about it. */
type Checked = Pick<AnyEventDefinition, 'type' | 'schema'>;

/**
 * Validates a payload by its definition's schema and gives what the schema made of it.
 *
 * A promise only where the schema itself is asynchronous. Costs what the schema costs.
 *
 * @throws ValidationError naming the first fields that are wrong and the kind of value found there.
 */
export function validatePayload(definition: Checked, data: unknown): unknown {
  let result: StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>>;
  try {
    result = definition.schema['~standard'].validate(data);
  } catch (cause) {
    throw schemaThrew(definition, cause);
  }
  if (result instanceof Promise) {
    return result.then(
      (settled) => accept(definition, data, settled),
      (cause: unknown) => {
        throw schemaThrew(definition, cause);
      },
    );
  }
  return result.issues === undefined ? result.value : accept(definition, data, result);
}

function accept(definition: Checked, data: unknown, result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, maxIssues).map((issue) => describeIssue(data, issue));
  const [first] = issues;
  const rest = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : '';
  const detail = first === undefined ? 'the schema refused it' : `${first.field}: ${first.message}`;
  throw new ValidationError(`${definition.type} is not valid: ${detail}${rest}`, {
    issues,
    issueCount: result.issues.length,
  });
}

function describeIssue(data: unknown, issue: StandardSchemaV1.Issue): ValidationIssue {
  const keys = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
  const field = keys.reduce<string>((path, key) => `${path}.${String(key)}`, 'data').slice(0, 200);
  return { field, message: `${issue.message.slice(0, 300)}; got ${describeValue(valueAt(data, keys))}` };
}

/** Walks own data properties only: a getter or an inherited one is code that must not run here. */
function valueAt(data: unknown, keys: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
  }
  return value;
}

function schemaThrew(definition: Checked, cause: unknown): ValidationError {
  return new ValidationError(
    `${definition.type} could not be validated: its schema threw ${describeError(cause)}`,
    { issues: [{ field: 'data', message: 'the schema threw' }], cause },
  );
}
