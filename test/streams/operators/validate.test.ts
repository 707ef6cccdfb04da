import type { StandardSchemaV1 } from '@standard-schema/spec';
import { of, Subject } from 'rxjs';
import { validate, type FailedValue } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { emissionsOf } from '../../support/run-pipeline.ts';

const order = z.object({ id: z.string(), total: z.coerce.number() });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

describe('validate', () => {
  it('emits what the schema makes of a value', () => {
    expect(emissionsOf(of({ id: 'a', total: '3', more: 1 }).pipe(validate(order)))).toEqual([
      { id: 'a', total: 3 },
    ]);
  });

  it('fails with the fields that are wrong', () => {
    expect(() => emissionsOf(of({ id: 3, total: 1 }).pipe(validate(order, { name: 'the order' })))).toThrow(
      /^the order is not valid: data\.id: .*got 3$/,
    );
  });

  it('calls what has no name the value', () => {
    expect(() => emissionsOf(of(1).pipe(validate(order)))).toThrow(/^the value is not valid: /);
  });

  it('names itself where too many values wait for an asynchronous schema', () => {
    const slow: StandardSchemaV1<number, number> = {
      '~standard': { version: 1, vendor: 'test', validate: () => new Promise(() => {}) },
    };
    let failure: unknown;
    of(1, 2)
      .pipe(validate(slow, { concurrency: 1, capacity: 0 }))
      .subscribe({ error: (error: unknown) => (failure = error) });
    expect(String(failure)).toMatch(/^QueueFullError: validate /);
  });

  it('hands what is not valid to the side, and lets nothing of it pass', () => {
    const invalid: FailedValue<unknown>[] = [];
    const values = of({ id: 'a', total: 1 }, 'no', { id: 'b', total: 2 });
    const seen = emissionsOf(values.pipe(validate(order, { invalid: { next: (one) => invalid.push(one) } })));
    expect(seen.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(invalid).toMatchObject([{ value: 'no', error: { code: 'ERR_VALIDATION' } }]);
  });

  it('keeps the order with an asynchronous schema, some at a time', async () => {
    const open: (() => void)[] = [];
    const checked: StandardSchemaV1<number, number> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          new Promise((resolve) => {
            open.push(() =>
              resolve(value === 2 ? { issues: [{ message: 'no' }] } : { value: value as number }),
            );
          }),
      },
    };
    const source = new Subject<number>();
    const seen: number[] = [];
    const invalid: unknown[] = [];
    const operator = validate(checked, {
      concurrency: 2,
      invalid: { next: ({ value }) => invalid.push(value) },
    });
    source.pipe(operator).subscribe((n) => seen.push(n));
    for (const n of [1, 2, 3]) source.next(n);
    await settle();
    expect(open).toHaveLength(2);
    open[1]?.();
    await settle();
    expect([seen, invalid, open.length]).toEqual([[], [], 2]);
    open[0]?.();
    await settle();
    open[2]?.();
    await settle();
    expect([seen, invalid]).toEqual([[1, 3], [2]]);
  });

  it.each([
    [undefined, {}, /schema must be a Standard Schema .*got undefined/],
    [{}, {}, /schema must be a Standard Schema .*got an object/],
    [order, { concurrency: 0 }, /concurrency must be/],
    [order, { capacity: -1 }, /capacity must be/],
  ])('refuses %o with %j', (schema, options, message) => {
    expect(() => validate(schema as typeof order, options)).toThrow(message);
  });
});
