import { distinctUntilChanged, map, pairwise, startWith, type Subscription as RxSubscription } from 'rxjs';
import type { Logger } from '../logger.ts';
import type { Subscriber } from './subscriber.ts';

export interface WatchBreakerPorts {
  readonly logger: Logger;
  readonly announce: (type: string, data: object) => void;
}

/** Logs and announces each change of a subscriber's breaker: `breakwater.breaker.opened` and its kin. */
export function watchBreaker(subscriber: Subscriber, ports: WatchBreakerPorts): RxSubscription {
  const { name } = subscriber.config;
  return subscriber.actor.snapshot$
    .pipe(
      map((snapshot) => snapshot.breaker),
      distinctUntilChanged(),
      startWith(undefined),
      pairwise(),
    )
    .subscribe(([before, now]) => {
      if (before === undefined || now === undefined) return;
      const trip = subscriber.actor.snapshot.lastTrip;
      if (now === 'open') {
        subscriber.counters.opened += 1;
        ports.logger.warn({ subscriber: name, trip }, `breaker of ${name} has opened`);
        ports.announce('breaker.opened', { subscriber: name, ...(trip === undefined ? {} : { trip }) });
      } else {
        ports.logger.info({ subscriber: name }, `breaker of ${name} is ${now}`);
        ports.announce(`breaker.${now === 'halfOpen' ? 'half-opened' : now}`, { subscriber: name });
      }
    });
}
