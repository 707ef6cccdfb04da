import { ConflictError } from '../../streams/event/errors.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { ConsumerStart } from './consumer-setup.ts';

const startKey = 'start';

/**
 * Where all processes of a name begin: where the first of them chose to.
 *
 * @throws StorageError
 */
export async function agreeOnStart(
  state: SnapshotStore,
  name: string,
  from: ConsumerStart,
): Promise<ConsumerStart> {
  const bucket = `progress:${name}`;
  for (;;) {
    const found = await state.read(bucket, startKey);
    const agreed = found === undefined ? undefined : decodeStart(found.value);
    if (agreed !== undefined) return agreed;
    try {
      const value = new TextEncoder().encode(JSON.stringify(from));
      await state.write({ bucket, key: startKey, value, expected: found?.revision ?? 0 });
      return from;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function decodeStart(bytes: Uint8Array): ConsumerStart | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (value === 'start') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { sequence, time, position }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof sequence === 'number') return { sequence };
  if (typeof time === 'number') return { time };
  return typeof position === 'number' ? { position } : undefined;
}
