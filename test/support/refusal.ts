import { ValidationError } from '../../streams/event/errors.ts';

/** The error that a check gives; fails when there is none, or one of another class than ValidationError. */
export function refusal(check: () => unknown): ValidationError {
  try {
    check();
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
