import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { decodeCursor, encodeCursor } from '../../../src/transport/cursor-codec.ts';
import type { CursorRecord } from '../../../src/transport/cursor.ts';
import type { AppendListener } from '../../../src/event-log.ts';
import type { Commit, Store, StoreFactory } from '../../../src/store.ts';
import { changed } from './changed.ts';

type Bug = (store: StoreFactory) => StoreFactory;

function withCommit(change: (store: Store, commit: Commit) => ReturnType<Store['commit']>): Bug {
  return (make) => (ports) => {
    const store = make(ports);
    const commit = (given: Commit): ReturnType<Store['commit']> => change(store, given);
    const append = (events: readonly EventEnvelope[]) => {
      const done = commit({ events });
      if (done instanceof Promise) return done.then(({ first = 1, level }) => ({ first, level }));
      return { first: done.first ?? 1, level: done.level };
    };
    return changed(store, { commit, log: changed(store.log, { append }) });
  };
}

/** Changes each place that is written. */
function withPlace(change: (place: CursorRecord) => CursorRecord): Bug {
  return withCommit((store, commit) =>
    store.commit({
      ...commit,
      writes: (commit.writes ?? []).map((write) =>
        write.bucket === 'cursors' && write.value !== undefined
          ? { ...write, value: encodeCursor(change(decodeCursor(write.key, write.value))) }
          : write,
      ),
    }),
  );
}

/** A place one further than it is. */
export const placeSkipsOne = withPlace((place) => ({ ...place, position: place.position + 1 }));

/** A place that forgets what is still open below it. */
export const placeForgetsOpen = withPlace((place) => ({ ...place, open: [] }));

/** A place that takes what was tried ahead of its turn for done. */
export const placeTakesTriedForDone = withPlace((place) => ({
  ...place,
  position: Math.max(place.position, ...place.open.map(({ position }) => position)),
  open: place.open.filter(({ failed }) => failed === 0),
}));

/** Says that a commit is made, though it failed. */
export const acknowledgesFailures = withCommit((store, commit) => {
  try {
    return store.commit(commit);
  } catch {
    return { first: 1, revisions: [1], level: 'disk' };
  }
});

/** Writes again what failed, though nobody can tell whether it was made. */
export const writesAgain = withCommit((store, commit) => {
  try {
    return store.commit(commit);
  } catch (error) {
    const again = store.commit(commit);
    // Of a process that has ended.
    if (again instanceof Promise) throw error;
    return again;
  }
});

/** Gives the position of the event before. */
export const positionOffByOne = withCommit((store, commit) => {
  const done = store.commit(commit);
  return done instanceof Promise || done.first === undefined ? done : { ...done, first: done.first - 1 };
});

/** Writes the events of a batch one by one. */
export const splitsBatches = withCommit((store, commit) => {
  const { events = [] } = commit;
  if (events.length < 2) return store.commit(commit);
  const [first = { first: undefined, revisions: [], level: 'disk' as const }] = events.map((event) =>
    store.commit({ events: [event] }),
  );
  return first;
});

/** Tells nobody of every seventh append. */
export const forgetsToTell: Bug = (make) => (ports) => {
  const store = make(ports);
  let told = 0;
  const watch = (listener: AppendListener): (() => void) =>
    store.log.watch((...append) => {
      told += 1;
      if (told % 7 !== 0) listener(...append);
    });
  return changed(store, { log: changed(store.log, { watch }) });
};

/** Tells of each append before it is made, so that handlers see what may never be. */
export const tellsTooEarly: Bug = (make) => (ports) => {
  const store = make(ports);
  const listeners = new Set<AppendListener>();
  const append = (events: readonly EventEnvelope[]): ReturnType<Store['log']['append']> => {
    const bounds = store.log.bounds();
    if (!(bounds instanceof Promise))
      for (const tell of listeners) tell(bounds.last + 1, events, ports.clock.now());
    return store.log.append(events);
  };
  const watch = (listener: AppendListener): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return changed(store, { log: changed(store.log, { append, watch }) });
};

/** Reads of the log leave out the last record of a page. */
export const readsOneTooFew: Bug = (make) => (ports) => {
  const store = make(ports);
  const read: Store['log']['read'] = (range) => {
    const page = store.log.read(range);
    if (page instanceof Promise || page.records.length < 2) return page;
    return { ...page, records: page.records.slice(0, -1) };
  };
  return changed(store, { log: changed(store.log, { read }) });
};

/** Says of what is in a cache that it is on the disk. */
export const skipsSync = withCommit((store, commit) => {
  const done = store.commit(commit);
  return done instanceof Promise ? done : { ...done, level: 'disk' };
});
