import { type Bus, type EventDefinition, publishTo } from 'breakwater';
import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import { authAccepted, authFailed, bruteForce, compromised, spray } from './events.ts';
import type { ReadSoFar } from './read-so-far.ts';
import { bruteForceRule } from './rules/brute-force.ts';
import { compromiseRule } from './rules/compromise.ts';
import type { Raised } from './rules/raised.ts';
import { sprayRule } from './rules/spray.ts';

/**
 * Sends what happens through the rules, one stream for each. Their alerts are events like any other.
 *
 * Rules keep what they know in memory: with a log they begin at its start with each run, know soon what they knew, and
 * raise no alert that the log holds. A login waits in a more urgent lane than the failures before it, and urgent lanes
 * run ahead of the others by hours of the log; rules by event time need the log as it was: `order: 'total'`
 * undoes the lanes.
 */
export function subscribeRules(bus: Bus, from: 'start' | 'now', { hasAlert }: ReadSoFar): void {
  const asLogged = { order: 'total', durable: false, from } as const;
  const failures = (name: string) => bus.stream(authFailed, { name, ...asLogged });

  /** Publishes what a rule has raised: at the time of its cause, under the address. */
  function publishAlerts<Data>(
    alert: EventDefinition<string, Data>,
  ): OperatorFunction<Raised<Data>, unknown> {
    return pipe(
      filter(({ cause }: Raised<Data>) => !hasAlert(alert.type, cause.id)),
      map(({ ip, data, cause }) => alert(data, { key: ip, time: cause.time, causationId: cause.id })),
      // All at once: an alert must be on its way before its cause is settled, or the bus would seem idle.
      publishTo(bus, { concurrency: 100_000 }),
    );
  }

  failures('brute-force').pipe(bruteForceRule(), publishAlerts(bruteForce)).subscribe();
  failures('spray').pipe(sprayRule(), publishAlerts(spray)).subscribe();
  bus
    .stream([authFailed, authAccepted], { name: 'compromise', ...asLogged })
    .pipe(compromiseRule(), publishAlerts(compromised))
    .subscribe();
}
