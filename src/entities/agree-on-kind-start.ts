import { ConflictError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { SharedEntities } from '../shared-entities.ts';

const bucket = 'entity-starts';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Where a kind begins: the first process that ever hosts it says so, and the others go by that.
 *
 * @throws StorageError, TransportError
 */
export async function agreeOnKindStart(
  kind: string,
  from: 'start' | 'now',
  patterns: readonly (string | GlobPattern)[],
  shared: SharedEntities,
): Promise<number> {
  const { states } = shared;
  for (;;) {
    const found = await states.read(bucket, kind);
    if (found !== undefined) {
      const position = Number(decoder.decode(found.value));
      // What is no position is somebody else's: what was handled is known by each entity.
      return Number.isSafeInteger(position) && position >= 0 ? position : 0;
    }
    const position = from === 'now' ? await shared.end(patterns) : 0;
    try {
      await states.write({ bucket, key: kind, value: encoder.encode(String(position)), expected: 0 });
      return position;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
