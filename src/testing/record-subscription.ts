import { describeError } from '../../streams/event/describe-error.ts';
import type { Outcome } from '../../streams/event/outcome.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import type { Timeline } from './timeline.ts';

/** Writes down how each call of a subscriber ends, and each change of its flow and its breaker, while it is `alive`. */
export function recordSubscription(
  subscription: Subscription,
  timeline: Timeline,
  alive: () => boolean,
): void {
  const { name } = subscription;
  let { flow, breaker } = subscription.state;
  subscription.outcomes$.subscribe(({ status, eventId, attempt, retryInMs, error }: Outcome) => {
    // Dead letters tell of themselves, with their reason.
    if (!alive() || status === 'dead-lettered') return;
    timeline.add({
      what: status,
      eventId,
      subscriber: name,
      attempt,
      ...(retryInMs !== undefined && { detail: `again in ${retryInMs} ms` }),
      ...(error !== undefined && { note: describeError(error) }),
    });
  });
  subscription.state$.subscribe((state) => {
    if (!alive()) return;
    if (state.flow !== flow) timeline.add({ what: 'flow', subscriber: name, detail: state.flow });
    if (state.breaker !== breaker) timeline.add({ what: 'breaker', subscriber: name, detail: state.breaker });
    ({ flow, breaker } = state);
  });
}
