import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  matchPattern,
  pattern,
  type PatternMatch,
  type SomeEvents,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';

interface Failed {
  readonly type: 'failed';
  readonly time: number;
  readonly user: string;
  readonly reason: string;
}

interface Accepted {
  readonly type: 'accepted';
  readonly time: number;
  readonly user: string;
}

type Login = Failed | Accepted;

declare const logins: Observable<Login>;

const takeover = pattern<Login>()
  .begin('failures', (login) => login.type === 'failed')
  .times(3)
  // The condition narrows: an event of this stage is known to be `Failed`, and there is a first one.
  .followedBy('login', (login, so) => login.type === 'accepted' && login.user === so.failures[0].user)
  .within(300_000)
  .skip({ toFirst: 'failures' });

const matches = logins.pipe(
  withWatermarks({ boundMs: 0 }),
  matchPattern(takeover, { key: (login) => login.user }),
);
type Found = { readonly failures: SomeEvents<Failed>; readonly login: SomeEvents<Login> };
expectTypeOf(matches).toEqualTypeOf<Observable<PatternMatch<Found, string> | Watermark>>();
expectTypeOf(keyless).returns.toEqualTypeOf<Observable<PatternMatch<Found>>>();

function keyless() {
  return logins.pipe(matchPattern(takeover), withoutWatermarks());
}

const optional = pattern<Login>()
  .begin('first')
  .followedBy('maybe', (login): login is Accepted => login.type === 'accepted')
  .optional()
  .followedBy({ either: { a: (login) => login.user === 'a', b: (_login, so) => so.maybe.length === 0 } })
  .followedBy({ all: { c: (login) => login.user === 'c' } });
const optionals = logins.pipe(matchPattern(optional), withoutWatermarks());
type Optionals = {
  readonly first: SomeEvents<Login>;
  readonly maybe: readonly Accepted[];
  readonly a: readonly Login[];
  readonly b: readonly Login[];
  readonly c: SomeEvents<Login>;
};
expectTypeOf(optionals).toEqualTypeOf<Observable<PatternMatch<Optionals>>>();

// A stage that may be left out has no first event to rely on.
pattern<Login>()
  .begin('first')
  .optional()
  // @ts-expect-error the event may be missing
  .next('second', (_login, so) => so.first[0].user === 'a');

// @ts-expect-error a later stage is not known yet
pattern<Login>().begin('first', (_login, so) => so.second.length > 0);

// @ts-expect-error no stage has this name
pattern<Login>().begin('first').skip({ toLast: 'second' });

// @ts-expect-error no stage has this name
pattern<Login>().begin('first').every('first', 'second');

// @ts-expect-error a pattern begins with a stage
pattern<Login>().followedBy('second');

// @ts-expect-error the events of the stream are others
logins.pipe(matchPattern(pattern<{ readonly other: string }>().begin('first')));

// A group brings its stages; left out as a whole, it leaves them without events.
const retry = pattern<Login>()
  .begin('failed', (login) => login.type === 'failed')
  .next('again');
const retries = pattern<Login>()
  .begin('first')
  .followedBy(retry)
  .oneOrMore()
  .next('last', (_login, so) => {
    expectTypeOf(so.failed).toEqualTypeOf<SomeEvents<Failed>>();
    return true;
  });
expectTypeOf(logins.pipe(matchPattern(retries), withoutWatermarks())).toEqualTypeOf<
  Observable<
    PatternMatch<{
      readonly first: SomeEvents<Login>;
      readonly failed: SomeEvents<Failed>;
      readonly again: SomeEvents<Login>;
      readonly last: SomeEvents<Login>;
    }>
  >
>();
pattern<Login>()
  .begin('first')
  .next(retry)
  .optional()
  // @ts-expect-error the group may be missing
  .next('last', (_login, so) => so.failed[0].user === 'a');

// @ts-expect-error the events of the group are others
pattern<Login>().begin(pattern<{ readonly other: string }>().begin('x', (event) => event.other === ''));

// @ts-expect-error resumeFrom takes points, not matches
matchPattern(takeover, { position: (login) => login.time, resumeFrom: { next: (_match: string) => {} } });

export { optionals, matches };
