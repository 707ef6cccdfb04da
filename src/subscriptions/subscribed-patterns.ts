import { isDefinition } from '../../streams/event/define-event.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import { glob, isGlob, type GlobPattern } from '../../streams/event/glob.ts';
import { checkSubscriptionPattern } from '../../streams/event/subscription-pattern.ts';
import type { Subscribable } from './subscribable.ts';

/**
 * Gives the patterns of what is subscribed to, and enters definitions in the registry.
 *
 * @throws TypeError naming the caller and what it got.
 */
export function subscribedPatterns(
  caller: string,
  subject: Subscribable | readonly Subscribable[],
  registry: EventRegistry,
): (string | GlobPattern)[] {
  const subjects = Array.isArray(subject) ? (subject as readonly Subscribable[]) : [subject as Subscribable];
  if (subjects.length === 0)
    throw new TypeError(`${caller} takes at least one definition or pattern, got none`);
  return subjects.map((one) => {
    if (typeof one === 'string') return checkSubscriptionPattern(one);
    if (isDefinition(one)) {
      registry.add(one);
      return one.type;
    }
    if (isGlob(one)) return glob(one.source);
    throw new TypeError(`${caller} takes a definition, a pattern or a glob, got ${describeValue(one)}`);
  });
}
