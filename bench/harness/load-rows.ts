import { readdirSync } from 'node:fs';
import type { Row } from './row.ts';

const folder = new URL('../rows/', import.meta.url);

/** All rows that the files of `bench/rows` export, file by file in alphabetical order. */
export async function loadRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    if (!file.endsWith('.js')) continue;
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const exported of Object.values(module)) if (isRow(exported)) rows.push(exported);
  }
  return rows;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'id' in value && 'subject' in value;
}
