/** Stands for a connection: each handler call has one of its own. */
export interface Session {
  insert(table: string, row: object): void;
  /** Ends the session; what it wrote is kept unless there was an error. */
  release(error?: unknown): void;
}

export const tables = new Map<string, object[]>();

/** Opens a session on tables in memory. */
export function openSession(): Session {
  const written: { readonly table: string; readonly row: object }[] = [];
  return {
    insert: (table, row) => written.push({ table, row }),
    release(error) {
      if (error !== undefined) return;
      for (const { table, row } of written) tables.set(table, [...(tables.get(table) ?? []), row]);
    },
  };
}
