import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../../actors/define-entity.ts';
import { entityWorld, noted, notes } from '../../support/entity-world.ts';

describe('sending to an entity', () => {
  it('is answered to each of two that send one event', async () => {
    const { clock, start } = entityWorld();
    const bus = start();
    const kind = notes(1);
    bus.host(kind);
    const event = noted({ id: 'n', text: 'once' }, { id: '0199aa5f-3c2e-7000-8000-000000000001' });
    const ref = bus.entity(kind, 'n');
    const both = Promise.allSettled([ref.send(event), ref.send(event)]);
    await clock.advanceBy(1_000);
    const outcomes = await Promise.race([both, Promise.resolve('one waits for ever')]);

    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
  });

  it('leaves no timer behind when its host stops before a retry', async () => {
    const { clock, start } = entityWorld();
    const broken = defineEntity(
      'broken',
      {
        initial: 0,
        fold: () => {
          throw new Error('not yet');
        },
      },
      { on: [noted], key: (event) => event.data.id },
    );
    const bus = start();
    const host = bus.host(broken, { retry: { maxAttempts: 100, baseMs: 3_600_000, maxMs: 3_600_000 } });
    void bus.publish(noted, { id: 'n', text: 'one' });
    await clock.advanceBy(1_000);
    const retrying = host.stats();
    const closed = bus.close({ deadlineMs: 10 });
    await clock.advanceBy(1_000);
    await closed;

    expect(retrying).toMatchObject({ retrying: 1, failedAttempts: 1 });
    expect(clock.pendingTimers).toBe(0);
  });
});
