import type { AppendListener } from '../event-log.ts';
import type { Store, StoreFactory } from '../store.ts';
import { withMembers } from './with-members.ts';

/**
 * Makes a store outlive the process that opened it: `durableTransport(survivingStore(memoryStore()))` for a test bus
 * that crashes and restarts.
 *
 * It is opened once. Each bus gets a view of it: closing the view leaves the store open, and a view hears of nothing
 * once the next is opened. What was committed stays; nothing that was committed is ever lost, as on a perfect disk.
 */
export function survivingStore(factory: StoreFactory): StoreFactory {
  let store: Store | undefined;
  let opened = 0;
  return (ports) => {
    const kept = (store ??= factory(ports));
    opened += 1;
    const own = opened;
    return viewOf(kept, () => own === opened);
  };
}

function viewOf(store: Store, alive: () => boolean): Store {
  const log = withMembers(store.log, {
    watch: (listener: AppendListener) =>
      store.log.watch((...appended) => {
        if (alive()) listener(...appended);
      }),
  });
  return withMembers(store, {
    log,
    onHealth: (listener: Parameters<Store['onHealth']>[0]) =>
      store.onHealth((health) => {
        if (alive()) listener(health);
      }),
    close: () => Promise.resolve(),
  });
}
