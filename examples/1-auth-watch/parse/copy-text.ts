/**
 * Copies a text that is to be kept for long.
 *
 * The engine keeps a part of a string as a view of the whole: one name cut out of a chunk of 64 KiB would
 * hold all of the chunk in memory.
 */
export function copyText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
