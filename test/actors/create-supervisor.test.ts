import { describe, expect, it } from 'vitest';
import { createSupervisor, type SupervisorOptions } from '../../actors/create-supervisor.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

const steady = { baseMs: 100, jitter: 'none' } as const;

function supervisorWith(options: SupervisorOptions = {}) {
  const clock = createVirtualClock({ now: 0 });
  const seen: string[] = [];
  const supervisor = createSupervisor(
    {
      backoff: steady,
      onGiveUp: ({ id, error, restarts }) => seen.push(`${id} given up: ${String(error)} after ${restarts}`),
      ...options,
    },
    { clock, random: () => 0.5 },
  );
  const watch = (id: string, restart = () => {}) =>
    supervisor.watch(id, {
      restart: () => {
        seen.push(`${id} restarted at ${clock.monotonic()}`);
        restart();
      },
      giveUp: () => seen.push(`${id} told`),
    });
  return { clock, supervisor, seen, watch };
}

describe('createSupervisor', () => {
  it('restarts a child after a backoff that doubles', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith();
    watch('a');
    for (const error of ['one', 'two', 'three']) {
      supervisor.crashed('a', error);
      await clock.advanceBy(1_000);
    }

    expect(seen).toEqual(['a restarted at 100', 'a restarted at 1200', 'a restarted at 2400']);
  });

  it('gives a child up that crashes again after maxRestarts within withinMs, and says so once', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 2, withinMs: 60_000 });
    watch('a');
    for (const error of ['one', 'two', 'three', 'four']) {
      supervisor.crashed('a', error);
      await clock.advanceBy(1_000);
    }

    expect(seen).toEqual([
      'a restarted at 100',
      'a restarted at 1200',
      'a told',
      'a given up: three after 2',
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets a restart after withinMs, and begins the backoff anew', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 1, withinMs: 5_000 });
    watch('a');
    supervisor.crashed('a', 'one');
    await clock.advanceBy(5_000);
    supervisor.crashed('a', 'two');
    await clock.advanceBy(4_999);
    supervisor.crashed('a', 'three');

    expect(seen).toEqual([
      'a restarted at 100',
      'a restarted at 5100',
      'a told',
      'a given up: three after 1',
    ]);
  });

  it('takes further crashes of a child that is down for the same crash', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 1 });
    watch('a');
    supervisor.crashed('a', 'one');
    supervisor.crashed('a', 'one more');
    await clock.advanceBy(1_000);

    expect(seen).toEqual(['a restarted at 100']);
  });

  it('counts the crashes of one child against no other', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 1 });
    watch('a');
    watch('b');
    for (let crash = 0; crash < 5; crash += 1) {
      supervisor.crashed('a', 'again');
      await clock.advanceBy(100);
    }
    supervisor.crashed('b', 'once');
    await clock.advanceBy(100);

    expect(seen.filter((line) => line.startsWith('b'))).toEqual(['b restarted at 600']);
  });

  it('takes what a restart throws for a crash', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 2 });
    watch('a', () => {
      throw new Error('still down');
    });
    supervisor.crashed('a', 'one');
    await clock.advanceBy(10_000);

    expect(seen).toEqual([
      'a restarted at 100',
      'a restarted at 300',
      'a told',
      'a given up: Error: still down after 2',
    ]);
  });

  it('takes a child that crashes within its restart', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 2 });
    watch('a', () => supervisor.crashed('a', 'at once'));
    supervisor.crashed('a', 'one');
    await clock.advanceBy(10_000);

    expect(seen.at(-1)).toBe('a given up: at once after 2');
  });

  it('forgives a child that was restarted by hand', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith({ maxRestarts: 0 });
    watch('a');
    supervisor.crashed('a', 'one');
    supervisor.revived('a');
    supervisor.crashed('a', 'two');
    expect(seen).toEqual(['a told', 'a given up: one after 0', 'a told', 'a given up: two after 0']);

    const patient = supervisorWith({ maxRestarts: 1 });
    patient.watch('b');
    patient.supervisor.crashed('b', 'one');
    patient.supervisor.revived('b');
    await patient.clock.advanceBy(1_000);
    patient.supervisor.crashed('b', 'two');
    await patient.clock.advanceBy(1_000);
    await clock.flush();

    expect(patient.seen).toEqual(['b restarted at 1100']);
  });

  it('restarts no child that it has let go of', async () => {
    const { clock, supervisor, seen, watch } = supervisorWith();
    watch('a');
    watch('b');
    supervisor.crashed('a', 'one');
    supervisor.crashed('b', 'one');
    supervisor.forget('a');
    supervisor.forget('unknown');
    supervisor.crashed('a', 'two');
    supervisor.revived('a');
    expect(clock.pendingTimers).toBe(1);
    supervisor.close();
    supervisor.close();
    await clock.advanceBy(10_000);

    expect(seen).toEqual([]);
  });

  it('watches an id once at a time', () => {
    const { supervisor, watch } = supervisorWith();
    watch('a');
    expect(() => watch('a')).toThrow('a child "a" is watched already');
    supervisor.forget('a');

    expect(() => watch('a')).not.toThrow();
  });

  it.each<[SupervisorOptions, string]>([
    [{ maxRestarts: -1 }, 'maxRestarts must be at least 0, got -1'],
    [{ withinMs: 0 }, 'withinMs must be above 0, got 0'],
    [{ backoff: { baseMs: -1 } }, 'baseMs must be a number of milliseconds'],
  ])('refuses %j', (options, message) => {
    expect(() => supervisorWith(options)).toThrow(message);
  });
});
