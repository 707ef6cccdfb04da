import type { EntityHostStats } from './entity-host.ts';

type Sums = Omit<EntityHostStats, 'state' | 'partitions'>;

/** The figures of partitions together; of those that have `gone`, what they have done counts on. */
export function sumOfStats(
  now: readonly EntityHostStats[],
  gone: EntityHostStats | undefined,
): EntityHostStats {
  const sum: Sums = [...now, ...(gone === undefined ? [] : [{ ...gone, ...nothingHeld }])].reduce(add, zero);
  return { ...sum, state: 'running' };
}

const nothingHeld = { active: 0, retrying: 0, parkedKeys: 0, parkedEvents: 0, lag: 0 } as const;

const zero: Sums = {
  active: 0,
  activations: 0,
  passivations: 0,
  handled: 0,
  duplicates: 0,
  emitted: 0,
  timersFired: 0,
  failedAttempts: 0,
  retrying: 0,
  parkedKeys: 0,
  parkedEvents: 0,
  lag: 0,
  position: 0,
};

function add(a: Sums, b: Sums): Sums {
  return {
    active: a.active + b.active,
    activations: a.activations + b.activations,
    passivations: a.passivations + b.passivations,
    handled: a.handled + b.handled,
    duplicates: a.duplicates + b.duplicates,
    emitted: a.emitted + b.emitted,
    timersFired: a.timersFired + b.timersFired,
    failedAttempts: a.failedAttempts + b.failedAttempts,
    retrying: a.retrying + b.retrying,
    parkedKeys: a.parkedKeys + b.parkedKeys,
    parkedEvents: a.parkedEvents + b.parkedEvents,
    lag: a.lag + b.lag,
    position: Math.max(a.position, b.position),
  };
}
