import { describe, expect, it } from 'vitest';
import { ValidationError } from '../../../streams/event/errors.ts';
import { checkPosition } from '../../../streams/operators/check-position.ts';

describe('checkPosition', () => {
  it('gives back a finite number, and refuses any other with what it was', () => {
    let error: unknown;
    try {
      checkPosition(Number.NaN);
    } catch (thrown) {
      error = thrown;
    }

    expect(checkPosition(-1.5)).toBe(-1.5);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).message).toContain(
      'the position of an event must be a finite number, got NaN',
    );
    expect((error as ValidationError).issues).toEqual([
      { field: 'position', message: 'must be a finite number, got NaN' },
    ]);
  });
});
