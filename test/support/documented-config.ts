import { readFileSync } from 'node:fs';

/** The server's configuration that docs/nats.md gives: what is documented is what is tested. */
export function documentedConfig(): string {
  const page = readFileSync(new URL('../../docs/nats.md', import.meta.url), 'utf8');
  const block = /```hocon\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/nats.md has no hocon block');
  return block;
}
