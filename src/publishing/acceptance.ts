import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { compileFilter } from '../../streams/event/filter.ts';
import { laneOf, parsePriority } from '../../streams/event/priority.ts';
import type { Random } from '../../streams/event/random.ts';
import { RecentIds } from '../../streams/queue/recent-ids.ts';
import { checkChoice } from '../../streams/event/check-options.ts';
import { checkNumber, type SubscriberOptions } from '../options.ts';
import type { RoutingRules } from '../routing-rules.ts';

type Accepts = (event: EventEnvelope) => boolean;

export interface AcceptancePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: RoutingRules;
}

/** Which events a subscriber wants. */
export interface Acceptance {
  /** May throw what a predicate of the user throws. */
  readonly accepts: Accepts;
  /** The event did not get in after all: it is no duplicate when it comes again. */
  readonly forget: (event: EventEnvelope) => void;
}

export type AcceptanceOptions = Pick<SubscriberOptions, 'filter' | 'minPriority' | 'sample' | 'dedupe'>;

/**
 * Decides whether a subscriber wants an event: routing rules, priority, filter, sample, then duplicates.
 */
export function compileAcceptance(
  name: string,
  ownEvents: boolean,
  options: AcceptanceOptions,
  ports: AcceptancePorts,
): Acceptance {
  const checks: Accepts[] = [];
  const { filter, minPriority, sample = 1, dedupe = false } = options;
  // Breakwater's own events are for those who name them: a subscriber to everything means the users' events.
  if (!ownEvents) checks.push((event) => !event.type.startsWith('breakwater.'));
  if (minPriority !== undefined) {
    checkChoice('minPriority', minPriority, ['critical', 'urgent', 'high', 'normal', 'low']);
    const lowest = laneOf(parsePriority(minPriority));
    if (lowest < 3) checks.push((event) => laneOf(event.priority) <= lowest);
  }
  if (filter !== undefined) checks.push(compileFilter(filter));
  checkNumber('sample', sample, 0, 1);
  if (sample < 1) checks.push(() => ports.random() < sample);
  const recent = dedupe === false ? undefined : new RecentIds(dedupe === true ? {} : dedupe);
  if (recent !== undefined) checks.push((event) => recent.add(event.id, ports.clock.monotonic()));
  return { accepts: all(checks, ports.rules, name), forget: (event) => recent?.forget(event.id) };
}

function all(checks: readonly Accepts[], rules: RoutingRules, name: string): Accepts {
  const [first] = checks;
  if (first === undefined) return (event) => rules.size === 0 || rules.allows(event, name);
  if (checks.length === 1) return (event) => (rules.size === 0 || rules.allows(event, name)) && first(event);
  return (event) => {
    if (rules.size > 0 && !rules.allows(event, name)) return false;
    for (const check of checks) if (!check(event)) return false;
    return true;
  };
}
