import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadRows } from './load-rows.ts';
import { measureRow } from './measure-row.ts';
import { installPeers } from './peers.ts';
import { printHead, printRow } from './print-table.ts';
import type { Result, Row } from './row.ts';

const usage = `npm run bench [-- options]
  --only NAME   measure the rows whose id is NAME or begins with NAME-; may be repeated
  --json FILE   write the results as JSON, too; - for standard output instead of the table
  --list        say which rows there are
`;

/** Runs the bench; gives the exit code: 0 when it measured all that was asked for, goals met or not. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const rows = await loadRows();
  if (values.list) {
    for (const { id, what, goal } of rows) process.stdout.write(`${id.padEnd(26)} ${what} (${goal.text})\n`);
    return 0;
  }
  const chosen = choose(rows, values.only);
  if (chosen.length === 0) {
    process.stderr.write(`bench: no row is named ${values.only.join(', ')}; --list says which there are\n`);
    return 1;
  }
  installPeers();
  return measureAll(chosen, values.json);
}

function choose(rows: readonly Row[], only: readonly string[]): readonly Row[] {
  if (only.length === 0) return rows;
  return rows.filter(({ id }) => only.some((name) => id === name || id.startsWith(`${name}-`)));
}

function measureAll(rows: readonly Row[], json: string | undefined): number {
  const results: Result[] = [];
  let failures = 0;
  if (json !== '-') printHead();
  for (const row of rows) {
    try {
      const result = measureRow(row);
      results.push(result);
      if (json !== '-') printRow(row, result);
    } catch (error) {
      failures += 1;
      process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  if (json === '-') process.stdout.write(text);
  else if (json !== undefined) writeFileSync(json, text);
  return failures === 0 ? 0 : 1;
}
