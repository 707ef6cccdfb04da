import { JetStreamApiError } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import { TransportError } from 'breakwater';
import { patiently } from '../../../src/nats/patiently.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

const apiError = (code: number, err_code: number): Error =>
  new TransportError('stream shop could not be set up', {
    cause: new JetStreamApiError({ code, err_code, description: 'said the server' }),
  });

/** Fails with `error` `times` times, then succeeds; says after how many milliseconds it ended. */
async function tried(error: Error, times: number, attempts: number): Promise<unknown> {
  const clock = createVirtualClock();
  const began = clock.monotonic();
  let calls = 0;
  const work = async (): Promise<string> => {
    calls += 1;
    if (calls <= times) throw error;
    return 'done';
  };
  const wait = async (): Promise<unknown> => {
    try {
      const value = await patiently(clock, attempts, work);
      return { value, calls, afterMs: clock.monotonic() - began };
    } catch (failed) {
      return { failed, calls, afterMs: clock.monotonic() - began };
    }
  };
  const end = wait();
  await clock.advanceBy(60_000);
  return end;
}

describe('patience with a cluster', () => {
  const timeout = Object.assign(new Error('no answer'), { name: 'TimeoutError' });
  it.each([
    ['nobody answers', new TransportError('x', { cause: timeout })],
    ['nobody answers, as the client says it', timeout],
    ['there is no JetStream', Object.assign(new Error('x'), { name: 'JetStreamNotEnabled' })],
    ['there is no leader', apiError(503, 10_008)],
    ['the leader does not know its peers yet', apiError(400, 10_005)],
  ])('lasts while %s', async (_what, error) => {
    expect(await tried(error, 3, 6)).toEqual({ value: 'done', calls: 4, afterMs: 200 + 400 + 800 });
  });

  it('ends with the last error after all attempts', async () => {
    const error = apiError(503, 10_008);
    expect(await tried(error, 99, 6)).toEqual({ failed: error, calls: 6, afterMs: 6200 });
  });

  it.each([apiError(400, 10_058), new Error('wrong')])(
    'is not for what waiting cannot cure: %s',
    async (error) => {
      expect(await tried(error, 1, 6)).toEqual({ failed: error, calls: 1, afterMs: 0 });
    },
  );
});
