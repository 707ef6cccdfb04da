import { FatalError, type Bus, type Priority } from 'breakwater';
import { authAccepted, authFailed, undecodable, type Alert } from './events.ts';
import type { Summary } from './print/summary.ts';

/** What has been seen so far, and the alerts that wait to be printed. */
export interface Tally {
  /** The alerts raised since the last call, in the order of the lines that raised them. */
  takeAlerts(): Alert[];
  summary(): Summary;
}

/**
 * Subscribes what counts: lines by lane, logins, alerts; and what gives undecodable lines to the dead letters.
 *
 * Counts begin with each run, at the start of the log if there is one.
 */
export function subscribeTally(bus: Bus, from: 'start' | 'now'): Tally {
  const anew = { durable: false, from } as const;
  const lanes: Record<Priority, number> = { critical: 0, high: 0, normal: 0, low: 0 };
  const alerts = { bruteforce: 0, compromised: 0, spray: 0 };
  let raised: Alert[] = [];
  let failed = 0;
  let accepted = 0;
  let bad = 0;

  bus.subscribe('auth.*', ({ priority }) => void (lanes[priority] += 1), { name: 'lanes', ...anew });
  bus.subscribe(authFailed, ({ data }) => void (failed += data.attempts), {
    name: 'failed-logins',
    ...anew,
  });
  bus.subscribe(authAccepted, () => void (accepted += 1), { name: 'logins', ...anew });
  bus.subscribe(undecodable, () => void (bad += 1), { name: 'bad-lines', ...anew });
  bus.subscribe(
    undecodable,
    ({ data }) => {
      throw new FatalError(`line ${data.line}: ${data.reason}`);
    },
    // Each of them fails by design: that is no sign of an outage, which a breaker looks for. Its place in the log is
    // kept: a line that is in the dead letters comes there once.
    { name: 'undecodable', from, concurrency: 256, breaker: false, retry: false },
  );
  bus.subscribe(
    'auth.alert.*',
    (event) => {
      const alert = event as Alert;
      alerts[nameOf(alert)] += 1;
      raised.push(alert);
    },
    { name: 'alerts', ...anew },
  );

  return {
    takeAlerts() {
      const taken = raised.toSorted(byCause);
      raised = [];
      return taken;
    },
    summary() {
      const lines = lanes.critical + lanes.high + lanes.normal + lanes.low + bad;
      return { lines, failed, accepted, undecodable: bad, lanes: { ...lanes }, alerts: { ...alerts } };
    },
  };
}

function nameOf({ type }: Alert): keyof Summary['alerts'] {
  switch (type) {
    case 'auth.alert.bruteforce':
      return 'bruteforce';
    case 'auth.alert.compromised':
      return 'compromised';
    case 'auth.alert.spray':
      return 'spray';
  }
}

/** Ids of events grow as they are published: the cause of an alert tells its line, whatever lane came first. */
function byCause(a: Alert, b: Alert): number {
  const [left = '', right = ''] = [a.causationId, b.causationId];
  if (left !== right) return left < right ? -1 : 1;
  return a.type < b.type ? -1 : 1;
}
