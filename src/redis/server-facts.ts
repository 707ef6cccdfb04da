import type { Redis } from 'ioredis';
import { TransportError } from '../../streams/event/errors.ts';
import type { PublishLevel } from '../publish-level.ts';

/**
 * Refuses servers before 6.2, which cannot look for what has been idle. A server that does not let its version be
 * seen is taken as it is.
 *
 * @throws TransportError
 */
export async function checkVersion(redis: Redis, where: string): Promise<void> {
  const info = await redis.info('server').catch(() => '');
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info);
  if (version === null) return;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > 6 || (major === 6 && minor >= 2)) return;
  throw new TransportError(`${where} is version ${major}.${minor}; Redis Streams need 6.2 or later`);
}

/**
 * How far an append has come when this server answers.
 *
 * With `everysec` the server may put off its write for two seconds while an earlier one is on its way to the disk,
 * and answers meanwhile: not even a crash of its process is survived then, so that counts as `accepted`.
 */
export async function readLevel(redis: Redis): Promise<PublishLevel> {
  try {
    const [, append] = await settingsOf(redis, 'appendonly');
    const [, sync] = await settingsOf(redis, 'appendfsync');
    const [, putOff] = await settingsOf(redis, 'no-appendfsync-on-rewrite');
    if (append !== 'yes') return 'accepted';
    if (sync === 'always') return putOff === 'no' ? 'disk' : 'os';
    return sync === 'no' ? 'os' : 'accepted';
  } catch {
    // It does not let its configuration be seen.
    return 'accepted';
  }
}

async function settingsOf(redis: Redis, name: string): Promise<readonly unknown[]> {
  const answer: unknown = await redis.config('GET', name);
  return Array.isArray(answer) ? answer : [];
}
