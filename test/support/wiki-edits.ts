import { readObjects } from './data-lines.ts';

export interface Edit {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly channel: string;
  readonly page: string;
  readonly user: string;
  readonly added: number;
  readonly deleted: number;
}

/** The edits of wikipedia-edits, in file order, which is that of time. */
export function readEdits(): Edit[] {
  return readObjects<Omit<Edit, 'time'> & { readonly time: string }>(
    'wikipedia-edits/edits-am.ndjson.gz',
  ).map((edit) => ({ ...edit, time: Date.parse(edit.time) }));
}
