import fc from 'fast-check';
import { from, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { cooldown, type CooldownOptions, Watermark } from 'breakwater/streams';
import { itIsAnOperator, type Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

const byKey: CooldownOptions<Timed> = { ms: 10, key: ({ key }) => key };
const alert = (time: number, key = 'a'): Timed => ({ time, key });

describe('cooldown', () => {
  itIsAnOperator({ operator: () => cooldown({ ms: 10 }) });

  it('passes a value exactly `ms` after the last that passed, and none before', () => {
    const values = [alert(0), alert(9), alert(5, 'b'), alert(10), alert(14), alert(15, 'b'), alert(3)];

    expect(emissionsOf(from(values).pipe(cooldown(byKey)))).toEqual([
      alert(0),
      alert(5, 'b'),
      alert(10),
      alert(15, 'b'),
    ]);
  });

  it('cools all down together without a key, and passes watermarks', () => {
    const source = of(alert(0), new Watermark(1), alert(1, 'b'));

    expect(emissionsOf(source.pipe(cooldown({ ms: 10 })))).toEqual([alert(0), new Watermark(1)]);
  });

  it('forgets keys that have cooled down', () => {
    const source = new Subject<Timed | Watermark>();
    let failure: unknown;
    source
      .pipe(cooldown({ ...byKey, maxKeys: 11 }))
      .subscribe({ error: (error: unknown) => (failure = error) });
    for (let time = 0; time < 1_000; time += 1) source.next(alert(time, `key-${time}`));
    source.next(new Watermark(2_000));
    for (let key = 0; key < 11; key += 1) source.next(alert(1_500, `late-${key}`));

    expect(failure).toBeUndefined();
  });

  it('forgets the key that passed longest ago when there are too many', () => {
    const evicted: unknown[] = [];
    const options = { ...byKey, maxKeys: 2, evicted: { next: (key: unknown) => evicted.push(key) } };
    const values = [alert(0, 'a'), alert(1, 'b'), alert(2, 'c'), alert(3, 'a')];

    expect(emissionsOf(from(values).pipe(cooldown(options)))).toEqual(values);
    expect(evicted).toEqual(['a', 'b']);
    expect(() => emissionsOf(from(values).pipe(cooldown({ ...byKey, maxKeys: 2 })))).toThrow(
      'cooldown has more than maxKeys = 2 keys cooling',
    );
  });

  it('makes room of keys that have just cooled down', () => {
    const values = [alert(0, 'a'), alert(10, 'b'), alert(20, 'c')];

    expect(emissionsOf(from(values).pipe(cooldown({ ...byKey, maxKeys: 1 })))).toEqual(values);
    expect(() => emissionsOf(of(alert(0), alert(9, 'b')).pipe(cooldown({ ...byKey, maxKeys: 1 })))).toThrow(
      'maxKeys = 1',
    );
  });

  it('counts from the last time that a key has passed', () => {
    const evicted: unknown[] = [];
    const options = { ...byKey, maxKeys: 2, evicted: { next: (key: unknown) => evicted.push(key) } };
    emissionsOf(from([alert(0, 'a'), alert(5, 'b'), alert(10, 'a'), alert(12, 'c')]).pipe(cooldown(options)));

    expect(evicted).toEqual(['b']);
  });

  it.each([
    [{ ms: -1 }, 'ms must be milliseconds, at least 0, got -1'],
    [{ ms: NaN }, 'got NaN'],
    [{ maxKeys: 0 }, 'maxKeys must be'],
  ])('refuses %o', (options, message) => {
    expect(() => cooldown<Timed>({ ...byKey, ...options })).toThrow(message);
  });

  it('equals remembering the last that passed for ever', () => {
    const alerts = fc.array(fc.record({ time: fc.nat(100), key: fc.constantFrom('a', 'b') }));
    fc.assert(
      fc.property(alerts, fc.nat(30), (values, ms) => {
        const ordered = values.toSorted((a, b) => a.time - b.time);
        const marked = ordered.flatMap((value) => [value, new Watermark(value.time)]);
        const last = new Map<string, number>();
        const expected = ordered.filter(({ key, time }) => {
          if (time - (last.get(key) ?? -Infinity) < ms) return false;
          last.set(key, time);
          return true;
        });

        const passed = emissionsOf(from(marked).pipe(cooldown({ ...byKey, ms })));
        expect(passed.filter((item) => !(item instanceof Watermark))).toEqual(expected);
      }),
    );
  });
});
