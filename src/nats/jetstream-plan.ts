import type { GlobPattern } from '../../streams/event/glob.ts';
import { isGlob } from '../../streams/event/glob.ts';
import { priorities } from '../../streams/event/priority.ts';
import type { Ordering } from '../../streams/queue/lane-queue.ts';
import { coveringPatterns, nameToken, storedSubjects } from './subjects.ts';

/** One part of a subscriber's events, which a consumer brings. */
export interface ReadingPart {
  /** The consumer's name, or what it begins with. */
  readonly prefix: string;
  readonly filter: string;
}

/** Which consumers a subscription needs. */
export interface ReadingPlan {
  /** Whether its processes own its parts, each one at a time, or share its lanes. */
  readonly kind: 'shared' | 'owned';
  /** The consumers of a shared one, or the parts of an owned one. */
  readonly parts: readonly ReadingPart[];
  /** Whether what comes must be looked at: the consumers' filters are wider than the patterns. */
  readonly filtered: boolean;
}

export interface PlanInput {
  readonly namespace: string;
  readonly partitions: number;
  readonly name: string;
  /** Whether other processes may share it. */
  readonly named: boolean;
  readonly order: Ordering;
  readonly patterns: readonly (string | GlobPattern)[];
}

/**
 * Decides which consumers a subscription needs. Subjects are `<namespace>.events.<lane>.<partition>.<type>`.
 *
 * Without order: one for each lane, so that an urgent event does not wait behind a backlog. By key: one for each
 * partition, all lanes in it, since a key's events must come in one row; the lanes are then merged among what has come.
 * In total, or for one process alone: one. Each has one filter subject, since servers before 2.10 know no more; several patterns are sifted here.
 */
export function readingPlan({ namespace, partitions, name, named, order, patterns }: PlanInput): ReadingPlan {
  const covers = coveringPatterns(patterns);
  const [only] = covers;
  const rest = covers.length === 1 && only !== undefined ? only : '>';
  const filtered = covers.length !== 1 || patterns.some(isGlob);
  const token = nameToken(name);
  const part = (label: string, lane: string, partition: string): ReadingPart => ({
    prefix: `${token}=${label}`,
    filter: storedSubjects(namespace, lane, partition, rest),
  });
  if (order === 'none') {
    return { kind: 'shared', parts: priorities.map((lane) => part(lane, lane, '*')), filtered };
  }
  if (order === 'total' || partitions === 1 || !named)
    return { kind: 'owned', parts: [part('all', '*', '*')], filtered };
  const parts = Array.from({ length: partitions }, (_, partition) =>
    part(`p${partition}`, '*', String(partition)),
  );
  return { kind: 'owned', parts, filtered };
}
