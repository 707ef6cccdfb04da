import { CodecError } from '../../streams/event/errors.ts';

/** The message of the CodecError that is thrown; fails when there is none, or another error. */
export function codecRefusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CodecError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}
