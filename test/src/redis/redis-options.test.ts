import { redisStreams, type RedisStreamsOptions } from 'breakwater/redis';
import { describe, expect, it } from 'vitest';

describe('the options of redisStreams', () => {
  it.each<[RedisStreamsOptions, RegExp]>([
    [{ namespace: 'a b' }, /namespace must be 1 to 64/],
    [{ namespace: 'a:b' }, /namespace must be 1 to 64/],
    [{ port: 0 }, /port/],
    [{ port: 70_000 }, /port/],
    [{ db: -1 }, /db/],
    [{ host: '' }, /host must be the name/],
    [{ maxEntries: 0 }, /maxEntries/],
    [{ maxDeadLetters: 0.5 }, /maxDeadLetters/],
    [{ claimAfterMs: 1 }, /claimAfterMs/],
    [{ ownerLeaseMs: 1 }, /ownerLeaseMs/],
    [{ maxDeliveries: 0 }, /maxDeliveries/],
    [{ maxBatchEvents: 5000 }, /maxBatchEvents/],
    [{ maxEntryBytes: 1 }, /maxEntryBytes/],
    [{ maxPending: 0 }, /maxPending/],
    [{ publishTimeoutMs: 0 }, /publishTimeoutMs/],
    [{ answerTimeoutMs: 1 }, /answerTimeoutMs/],
    [{ connectTimeoutMs: 1 }, /connectTimeoutMs/],
    [{ codec: {} as never }, /codec/],
    [{ password: 1 as never }, /password must be a string/],
    [{ url: 'http://host' }, /url must be like redis:/],
    [{ url: 'redis://host/name' }, /url must be like redis:/],
    [{ url: 'redis://host', port: 1 }, /not both/],
    [{ hots: 'x' } as never, /"hots" is not an option of redisStreams/],
  ])('refuse %o', (options, why) => {
    expect(() => redisStreams(options)).toThrow(why);
  });

  it('repeat nothing of a URL that cannot be read', () => {
    for (const url of ['redis//:secret@host', 'http://user:secret@host', 'redis://:secret@host/x']) {
      expect(() => redisStreams({ url })).toThrow(TypeError);
      expect(() => redisStreams({ url })).not.toThrow(/secret/);
    }
    expect(() => redisStreams({ host: 'user:secret@host' })).toThrow(TypeError);
    expect(() => redisStreams({ host: 'user:secret@host' })).not.toThrow(/secret/);
  });
});
