import type { AppendListener } from '../event-log.ts';
import type { Store, StoreFactory } from '../store.ts';

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
  const log = changed(store.log, {
    watch: (listener: AppendListener) =>
      store.log.watch((...appended) => {
        if (alive()) listener(...appended);
      }),
  });
  return changed(store, {
    log,
    onHealth: (listener: Parameters<Store['onHealth']>[0]) =>
      store.onHealth((health) => {
        if (alive()) listener(health);
      }),
    close: () => Promise.resolve(),
  });
}

/** The same object but for some of its parts; its functions keep it as `this`. */
function changed<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      if (Reflect.has(parts, name)) return Reflect.get(parts, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
