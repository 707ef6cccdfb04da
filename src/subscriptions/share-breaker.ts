import { breakerSettings } from '../../actors/breaker.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import { SharedBreaker } from './shared-breaker.ts';
import type { Subscriber } from './subscriber.ts';

export interface ShareBreakerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;

/** Joins a subscriber's breaker with those of other processes, if it was asked to. */
export function shareBreaker({ config, actor }: Subscriber, ports: ShareBreakerPorts): void {
  const { name, breaker, sharedState: store } = config;
  if (store === undefined || breaker === false) return;
  const { clock, random, logger } = ports;
  const { resetTimeoutMs, maxResetTimeoutMs, jitter, halfOpenTimeoutMs } = breakerSettings(breaker, clock);
  const pollMs = Math.min(2000, Math.max(250, resetTimeoutMs / 4));
  const by = [clock.now(), random(), random()].map((part) => part.toString(36)).join('-');
  const shared = new SharedBreaker(
    {
      name,
      by,
      pollMs,
      // Trials that start by the next look can be judged in time.
      leaseMs: Math.min(longestMs, halfOpenTimeoutMs + 2 * pollMs),
      longestOpenMs: Math.min(longestMs, maxResetTimeoutMs * (1 + jitter)),
    },
    { store, clock, logger, actor },
  );
  shared.start();
}
