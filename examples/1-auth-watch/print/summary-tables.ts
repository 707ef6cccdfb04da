import type { Bus, EventOf } from 'breakwater';
import type { undecodable } from '../events.ts';
import { quoteText } from './escape-text.ts';
import type { Paint } from './paint.ts';
import type { Summary } from './summary.ts';
import { formatNumber, renderTable } from './table.ts';

/** The end of a run for people: what the log held, what was raised, how the handlers fared. */
export function summaryTables(summary: Summary, bus: Bus, seconds: number, paint: Paint): string {
  const { lines, failed, accepted, lanes, alerts } = summary;
  const rate = `${formatNumber(lines / Math.max(seconds, 1e-3))} lines/s`;
  return [
    '',
    `${paint.bold('Lines')}   ${formatNumber(lines)} in ${seconds.toFixed(2)} s: ${rate}`,
    `${paint.bold('Logins')}  ${formatNumber(failed)} failed, ${formatNumber(accepted)} accepted`,
    ...undecodableLines(summary, bus, paint),
    '',
    renderTable(['lane', 'lines'], Object.entries(lanes)),
    '',
    renderTable(['alert', 'raised'], Object.entries(alerts)),
    '',
    renderTable(['handler', 'handled', 'failed', 'p99 ms', 'breaker'], handlerRows(bus)),
    '',
    renderTable(['stream', 'handled', 'waiting'], streamRows(bus)),
  ].join('\n');
}

/** A look into the dead letters: how many lines could not be read, and a few of them. */
function undecodableLines({ undecodable: count }: Summary, { deadLetters }: Bus, paint: Paint): string[] {
  if (count === 0) return [];
  const letters = deadLetters.list({ subscriber: 'undecodable', limit: 3 });
  const examples = letters.map(({ event }) => {
    const { line, reason, head } = (event as EventOf<typeof undecodable>).data;
    return `  line ${formatNumber(line)}: ${reason}: ${quoteText(head)}`;
  });
  const rest = count > examples.length ? [`  and ${formatNumber(count - examples.length)} more`] : [];
  return [`${paint.bold('Undecodable')}  ${formatNumber(count)}`, ...examples, ...rest];
}

function handlerRows(bus: Bus): (string | number)[][] {
  return bus.stats().subscribers.map(({ name, succeeded, failed, latencyMs, breaker }) => {
    return [name, succeeded, failed, latencyMs.p99.toFixed(3), breaker.state];
  });
}

function streamRows(bus: Bus): (string | number)[][] {
  return bus.stats().streams.map(({ name, handled, waiting }) => [name, handled, waiting]);
}
