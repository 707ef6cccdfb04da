import { describeValue } from '../event/describe-value.ts';
import { ValidationError } from '../event/errors.ts';

/**
 * Returns `position` if it is the place of an input in its source: a finite number.
 *
 * @throws ValidationError that names the value: from NaN on, a pipeline could not say where to resume.
 */
export function checkPosition(position: number): number {
  if (Number.isFinite(position)) return position;
  const message = `must be a finite number, got ${describeValue(position)}`;
  throw new ValidationError(`the position of an event ${message}`, {
    issues: [{ field: 'position', message }],
  });
}
