import { pathToFileURL } from 'node:url';

/**
 * Imports a module by its absolute path. TypeScript goes through jiti, loaded only then; its cache on disk
 * is off, and our own package stays one copy, so that `instanceof` holds.
 */
export async function importModule(path: string): Promise<unknown> {
  if (!/\.[mc]?ts$/.test(path)) return (await import(pathToFileURL(path).href)) as unknown;
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, { fsCache: false }).import(path);
}
