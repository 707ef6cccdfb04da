import { type Bus, type EventDefinition, publishTo } from 'breakwater';
import { map, type OperatorFunction, pipe } from 'rxjs';
import { authAccepted, authFailed, bruteForce, compromised, spray } from './events.ts';
import { bruteForceRule } from './rules/brute-force.ts';
import { compromiseRule } from './rules/compromise.ts';
import type { Raised } from './rules/raised.ts';
import { sprayRule } from './rules/spray.ts';

/**
 * A login waits in a more urgent lane than the failures before it, and urgent lanes run ahead of the others by
 * hours of the log. Rules by event time need the log as it was: `order: 'total'` undoes the lanes.
 */
const asLogged = { order: 'total' } as const;

/** Sends what happens through the rules, one stream for each. Their alerts are events like any other. */
export function subscribeRules(bus: Bus): void {
  const failures = (name: string) => bus.stream(authFailed, { name, ...asLogged });

  failures('brute-force').pipe(bruteForceRule(), publishAlerts(bus, bruteForce)).subscribe();
  failures('spray').pipe(sprayRule(), publishAlerts(bus, spray)).subscribe();
  bus
    .stream([authFailed, authAccepted], { name: 'compromise', ...asLogged })
    .pipe(compromiseRule(), publishAlerts(bus, compromised))
    .subscribe();
}

/** Publishes what a rule has raised: at the time of its cause, under the address. */
function publishAlerts<Data>(
  bus: Bus,
  alert: EventDefinition<string, Data>,
): OperatorFunction<Raised<Data>, unknown> {
  return pipe(
    map(({ ip, data, cause }: Raised<Data>) =>
      alert(data, { key: ip, time: cause.time, causationId: cause.id }),
    ),
    // All at once: an alert must be on its way before its cause is settled, or the bus would seem idle.
    publishTo(bus, { concurrency: 100_000 }),
  );
}
