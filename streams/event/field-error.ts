import { describeValue } from './describe-value.ts';
import { ValidationError } from './errors.ts';

/**
 * The error for one field of an event: names the field, what it must be, what it was, and what to do.
 *
 * `remedy` is a sentence of its own. The value is only described, never called or printed in full.
 */
export function fieldError(field: string, rule: string, value: unknown, remedy?: string): ValidationError {
  return faultError(field, `must ${rule}, got ${describeValue(value)}`, remedy);
}

/** The same where the fault says more than the value could. */
export function faultError(field: string, fault: string, remedy?: string): ValidationError {
  const message = remedy === undefined ? fault : `${fault}. ${remedy}`;
  return new ValidationError(`event ${field} ${message}`, { issues: [{ field, message }] });
}
