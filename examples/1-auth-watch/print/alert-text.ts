import type { Alert } from '../events.ts';
import { escapeText, quoteText } from './escape-text.ts';
import type { Paint } from './paint.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An alert as one line for people. */
export function alertText(alert: Alert, paint: Paint): string {
  const { label, text } = describeAlert(alert, paint);
  return `${paint.dim(stampOf(alert.time))}  ${label}  ${escapeText(alert.key ?? '').padEnd(15)}  ${text}`;
}

function describeAlert(alert: Alert, paint: Paint): { readonly label: string; readonly text: string } {
  switch (alert.type) {
    case 'auth.alert.bruteforce':
      return {
        label: paint.yellow('brute force'),
        text: `${alert.data.count} failed logins within a minute`,
      };
    case 'auth.alert.compromised':
      return {
        label: paint.red('compromised'),
        text: `${quoteText(alert.data.user)} logged in after ${alert.data.failures} failed logins`,
      };
    case 'auth.alert.spray':
      return {
        label: paint.yellow('spray      '),
        text: `tried ${alert.data.count} names: ${alert.data.users.map(quoteText).join(', ')}`,
      };
  }
}

/** A time as syslog writes it: most logs have no year to show. */
function stampOf(time: number): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2);
  return `${months[date.getUTCMonth()] ?? ''} ${day} ${date.toISOString().slice(11, 19)}`;
}
