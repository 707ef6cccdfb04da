import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** Where a stream on the other side ends: what is stored from now on lies behind it. */
export interface OutletEnd {
  /** Which stream it is: one that was deleted and made again is another. */
  readonly stream: string;
  readonly sequence: number;
}

/** Events that travel together: stored whole or not at all. */
export interface OutletMessage {
  /** Follows from its events: the same events have the same one after a crash, too. */
  readonly id: string;
  readonly subject: string;
  readonly events: readonly EventEnvelope[];
}

/** What became of a message. */
export type OutletAnswer =
  | { readonly kind: 'stored' }
  /** It may be stored or not. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** It is not stored, and none like it will be. Fewer events may be, where there are several. */
  | { readonly kind: 'impossible'; readonly error: Error }
  /** It is not stored, and may be later, as it is. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * The far side of a bridge.
 *
 * Obligations. `send` says `stored` only of what is stored; what was sent twice under one id within a short time is
 * stored once. `find` gives those of the ids that are stored behind `end`, all that were when it was called. Messages of
 * one subject that are sent one after the other's answer are stored in that order.
 */
export interface Outlet {
  /** Events in a message at most. */
  readonly maxEvents: number;
  readonly isUp: boolean;
  subjectOf(this: void, event: EventEnvelope): string;
  /** Resolves when messages can be sent, to where the stream ends now. @throws what is in the way */
  ready(): Promise<OutletEnd>;
  send(message: OutletMessage): Promise<OutletAnswer>;
  /** @throws what is in the way */
  find(ids: ReadonlySet<string>, end: OutletEnd): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}
