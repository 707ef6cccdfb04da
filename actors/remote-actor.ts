import type { Observable, Unsubscribable } from 'rxjs';
import type { ActorLogic, EventObject, Snapshot } from 'xstate';

/** An actor of elsewhere, as `bus.actor` gives it. */
export interface RemoteSource<Signal, View> {
  readonly name: string;
  send(this: void, signal: Signal): Promise<void>;
  readonly snapshot$: Observable<View>;
}

/** What a machine sees of a remote actor: its view, `undefined` until the first has come. */
export type RemoteSnapshot<View> = Snapshot<undefined> & {
  readonly view: View | undefined;
};

/** A snapshot with what runs behind it; not of what is kept. */
type Running<View> = RemoteSnapshot<View> & { watching: Unsubscribable | undefined };

/** What it tells itself, beside the signals for the other. */
type Told = EventObject & { readonly data?: unknown };

const seen = 'breakwater.remote.seen';
const failed = 'breakwater.remote.failed';
const ended = 'breakwater.remote.ended';

/**
 * Makes a remote actor one that a machine may `invoke` or `spawn`, send to with `sendTo`, and watch with `onSnapshot`.
 *
 * Signals are sent at most once, in order. When the remote actor is done, so is this one; when it fails, cannot be
 * reached, or does not get a signal, this one is in error with an AskError or TransportError to tell by its `code`, and
 * the machine's `onError` follows. Stopping it stops the watching, not the remote actor.
 *
 * @example
 * ```ts no-run
 * setup({ actors: { kitchen: remoteActor(bus.actor(kitchen)) } }).createMachine({
 *   invoke: { src: 'kitchen', id: 'kitchen', onError: { actions: 'sayClosed' } },
 *   on: { order: { actions: sendTo('kitchen', ({ event }) => ({ type: 'cook', dish: event.dish })) } },
 * });
 * ```
 */
export function remoteActor<Signal extends EventObject, View>(
  source: RemoteSource<Signal, View>,
): ActorLogic<RemoteSnapshot<View>, Signal, undefined> {
  const logic: ActorLogic<Running<View>, Told, undefined> = {
    getInitialSnapshot: () => ({
      status: 'active',
      output: undefined,
      error: undefined,
      view: undefined,
      watching: undefined,
    }),
    start: (snapshot, { self }) => {
      if (snapshot.status !== 'active') return;
      snapshot.watching = source.snapshot$.subscribe({
        next: (view) => self.send({ type: seen, data: view }),
        error: (error: unknown) => self.send({ type: failed, data: error }),
        complete: () => self.send({ type: ended }),
      });
    },
    transition: (snapshot, event, { self }) => {
      if (snapshot.status !== 'active') return snapshot;
      const { type, data } = event;
      if (type === seen) return { ...snapshot, view: data as View };
      if (type === ended) return over(snapshot, { status: 'done', output: undefined });
      if (type === failed) return over(snapshot, { status: 'error', error: data });
      if (type === 'xstate.stop') return over(snapshot, { status: 'stopped' });
      source.send(event as Signal & Told).catch((error: unknown) => self.send({ type: failed, data: error }));
      return snapshot;
    },
    getPersistedSnapshot: ({ watching: _watching, ...kept }) => kept,
    restoreSnapshot: (kept) => ({ ...(kept as RemoteSnapshot<View>), watching: undefined }),
  };
  return logic as unknown as ActorLogic<RemoteSnapshot<View>, Signal, undefined>;
}

function over<View>(snapshot: Running<View>, end: Partial<Snapshot<undefined>>): Running<View> {
  snapshot.watching?.unsubscribe();
  return { ...snapshot, ...end, watching: undefined } as Running<View>;
}
