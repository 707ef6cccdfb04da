import { glob, type GlobPattern } from 'breakwater';
import type { EventConsumer } from './event-system.ts';

/** Who listens to what. In a glob `*` crosses dots; elsewhere it is one token and `>` the rest. */
const listeners: readonly (readonly [name: string, pattern: string | GlobPattern])[] = [
  ['all-of-validation', glob('validation.*')],
  ['phases', 'validation.phase.*'],
  ['errors', glob('*.error.*')],
  ['beginnings', glob('*.started')],
  ['metrics', 'performance.metric.>'],
  ['completions', 'performance.operation.complete'],
];

/** Notes for each listener which types it heard, in order. Patterns may overlap: each gets its own. */
export function subscribeListeners(consumer: EventConsumer): ReadonlyMap<string, readonly string[]> {
  const heard = new Map<string, string[]>();
  for (const [name, pattern] of listeners) {
    const types: string[] = [];
    heard.set(name, types);
    consumer.subscribe(pattern, (event) => types.push(event.type), { name, order: 'total' });
  }
  return heard;
}
