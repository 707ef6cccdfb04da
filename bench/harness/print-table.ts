import type { Result, Row } from './row.ts';

/** The lines of the table for one row: its value, and each peer with how many times better Breakwater is. */
export function printRow(row: Row, result: Result): void {
  const verdict = result.goal === 'none' ? '' : result.met ? 'met' : 'MISSED';
  const lines = [line(row.id, amount(result.value), row.unit, '', `${result.goal} ${verdict}`.trim())];
  for (const [name, value] of Object.entries(result.peers)) {
    const factor = row.better === 'higher' ? result.value / value : value / result.value;
    lines.push(line(`  ${name}`, amount(value), row.unit, `${amount(factor)} ×`, ''));
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The head of the table. */
export function printHead(): void {
  process.stdout.write(`${line('row', 'value', 'unit', 'beside', 'goal')}\n`);
}

function line(name: string, value: string, unit: string, factor: string, goal: string): string {
  return `${name.padEnd(34)}${value.padStart(14)} ${unit.padEnd(20)}${factor.padStart(11)}  ${goal}`.trimEnd();
}

/** Three significant digits, thousands apart. */
function amount(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 1000 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
