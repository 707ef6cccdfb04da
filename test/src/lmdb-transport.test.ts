import { createBus } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('lmdb', () => {
  it('publishes to the disk, and has a named subscriber go on where it was', async () => {
    const path = temporaryFolder();
    const first = createBus({ source: 'test', transport: lmdb({ path }) });
    const receipt = await first.publish('order.placed', { n: 1 });
    expect(receipt).toMatchObject({ level: 'disk' });
    await first.close();

    const second = createBus({ source: 'test', transport: lmdb({ path }) });
    const got = new Promise((resolve) => {
      second.subscribe('order.>', (event) => resolve(event.data), { name: 'late', from: 'start' });
    });
    expect(await got).toEqual({ n: 1 });
    await second.close();
  });

  it('refuses options that there are not', () => {
    expect(() => lmdb({ path: 'x', synch: 'group' } as never)).toThrow(/"synch" is not an option of lmdb/u);
    expect(() => lmdb({ path: 'x', onStorageFailure: 'panic' as never })).toThrow(
      /onStorageFailure must be one of/u,
    );
  });
});
