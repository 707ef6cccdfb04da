import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../../actors/define-entity.ts';
import { EntityClient } from '../../../src/entities/entity-client.ts';
import type { CallOutcome, SharedEntities } from '../../../src/shared-entities.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

const meter = defineEntity(
  'meter',
  { initial: { n: 0 }, fold: ({ n }) => ({ n: n + 1 }) },
  { on: ['tick'], key: () => 'a' },
);

/** Asks an entity whose owner is played: what each call comes to after so many milliseconds. Gives the reason of the failure. */
async function reasonOf(
  timeoutMs: number,
  calls: (attempt: number) => readonly [ms: number, outcome: CallOutcome],
) {
  const clock = createVirtualClock();
  let attempts = 0;
  const shared: Partial<SharedEntities> = {
    partitionOf: () => 0,
    call: () =>
      new Promise((resolve) => {
        const [ms, outcome] = calls(attempts);
        attempts += 1;
        clock.setTimeout(() => resolve(outcome), ms);
      }),
  };
  // Of the port only these two have a part in a question.
  const client = new EntityClient(meter, { clock, shared: shared as SharedEntities, newId: () => 'id' });
  const failed = client.view('a', timeoutMs).catch((error: unknown) => error);
  await clock.advanceBy(timeoutMs + 1);
  return { failure: await failed, attempts };
}

describe('a question to an entity that is not answered', () => {
  it('says that nobody hosts it, whenever the last look for an owner was cut short', async () => {
    for (let timeoutMs = 200; timeoutMs < 1_200; timeoutMs += 7) {
      const { failure, attempts } = await reasonOf(timeoutMs, () => [6, 'nobody']);
      expect(failure).toMatchObject({ reason: 'not-hosted', kind: 'meter', key: 'a' });
      expect(attempts).toBeGreaterThan(2);
    }
  });

  it('says that its owner is busy where one took the question and kept silent', async () => {
    expect(await reasonOf(1_000, () => [5_000, 'silent'])).toMatchObject({ failure: { reason: 'timeout' } });
    const late = await reasonOf(1_000, (attempt) => (attempt < 2 ? [6, 'nobody'] : [5_000, 'silent']));
    expect(late.failure).toMatchObject({ reason: 'timeout' });
    expect(String(late.failure)).toContain('its process is busy');
  });

  it('says that it is busy in however little time, where nobody said that there is no owner', async () => {
    expect(await reasonOf(50, () => [5_000, 'silent'])).toMatchObject({ failure: { reason: 'timeout' } });
  });
});
