import type { AskError } from 'breakwater';
import { expect } from 'vitest';

/** What a promise was rejected with. */
export function askFailure(promise: Promise<unknown>): Promise<AskError> {
  return promise.then(
    (value) => expect.fail(`it resolved to ${JSON.stringify(value)}`),
    (error: unknown) => error as AskError,
  );
}
