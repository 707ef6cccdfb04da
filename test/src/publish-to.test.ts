import { createBus, defineEvent, publishTo, type PublishReceipt } from 'breakwater';
import { createVirtualClock, seededRandom } from 'breakwater/testing';
import { type FailedValue, withBackpressure } from 'breakwater/streams';
import { lastValueFrom, of, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const counted = defineEvent('counted', z.object({ n: z.number() }));

function world() {
  const clock = createVirtualClock({ now: 0 });
  const bus = createBus({ clock, random: seededRandom(1), logger: silentLogger, heartbeatMs: 86_400_000 });
  return { bus, clock };
}

/** A bus whose publishes resolve when they are told to. */
function heldBus() {
  const pending: { readonly n: number; resolve(): void; reject(error: Error): void }[] = [];
  const publish = (_definition: unknown, data: { n: number }): Promise<PublishReceipt> =>
    new Promise((resolve, reject) => {
      pending.push({
        n: data.n,
        resolve: () => resolve({ id: `${data.n}`, level: 'accepted', subscribers: 1 }),
        reject,
      });
    });
  return { pending, bus: { publish } as unknown as Parameters<typeof publishTo>[0] };
}

/** Lets promises settle that wait for promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('publishTo', () => {
  it('publishes payloads of a definition, with fields, and emits the receipts', async () => {
    const { bus, clock } = world();
    const seen: unknown[] = [];
    bus.stream(counted).subscribe((event) => seen.push([event.data.n, event.priority]));
    const receipts = lastValueFrom(
      of({ n: 1 }, { n: 2 }).pipe(
        publishTo(bus, counted, { fields: ({ n }) => ({ priority: n === 2 ? 'high' : 'low' }) }),
        toArray(),
      ),
    );
    expect((await receipts).map(({ subscribers }) => subscribers)).toEqual([1, 1]);
    await clock.flush();
    expect(seen).toEqual([
      [2, 'high'],
      [1, 'low'],
    ]);
  });

  it('publishes drafts and events as they are', async () => {
    const { bus } = world();
    const receipts = await lastValueFrom(of(counted({ n: 1 })).pipe(publishTo(bus), toArray()));
    expect(receipts).toHaveLength(1);
    expect(bus.stats().published).toBe(1);
  });

  it('has at most concurrency publishes under way, and keeps their order', async () => {
    const { bus, pending } = heldBus();
    const ids: string[] = [];
    const source = new Subject<{ n: number }>();
    source.pipe(publishTo(bus, counted, { concurrency: 2 })).subscribe(({ id }) => ids.push(id));
    for (const n of [1, 2, 3]) source.next({ n });
    pending[1]?.resolve();
    await settle();
    expect([ids, pending.length]).toEqual([[], 2]);
    pending[0]?.resolve();
    await settle();
    expect([ids, pending.length]).toEqual([['1', '2'], 3]);
  });

  it('asks a source with credit for more only when a publish is through', async () => {
    const { bus, pending } = heldBus();
    const asked: number[] = [];
    function* numbers() {
      for (let n = 1; n <= 4; n += 1) {
        asked.push(n);
        yield { n };
      }
    }
    withBackpressure<{ n: number }>({ credit: 2 })(numbers()).pipe(publishTo(bus, counted)).subscribe();
    expect(asked).toEqual([1, 2]);
    pending[0]?.resolve();
    await settle();
    expect(asked).toEqual([1, 2, 3]);
  });

  it('ends with what publish rejects with', async () => {
    const { bus } = world();
    const source = of({ n: 1 }, { n: 'two' as unknown as number }, { n: 3 });
    await expect(lastValueFrom(source.pipe(publishTo(bus, counted)))).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
    });
  });

  it('goes on without what fails, where errors has a place', async () => {
    const { bus } = world();
    const errors: FailedValue<unknown>[] = [];
    const values = [{ n: 1 }, { n: 'two' as unknown as number }, { n: 3 }];
    const receipts = withBackpressure<{ n: number }>({ credit: 1 })(values).pipe(
      publishTo(bus, counted, { errors: { next: (failed) => errors.push(failed) } }),
      toArray(),
    );
    expect(await lastValueFrom(receipts)).toHaveLength(2);
    expect(errors).toMatchObject([{ value: { n: 'two' }, error: { code: 'ERR_VALIDATION' } }]);
  });

  it.each([
    [{ concurrency: 0 }, /concurrency must be a number at least 1/],
    [{ capacity: -1 }, /capacity must be/],
  ])('refuses %j', (options, message) => {
    expect(() => publishTo(world().bus, options)).toThrow(message);
    expect(() => publishTo(world().bus, counted, options)).toThrow(message);
  });
});
