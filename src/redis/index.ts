export { redisStreams } from './redis-streams.ts';
export type { RedisStreamsOptions } from './redis-options.ts';
