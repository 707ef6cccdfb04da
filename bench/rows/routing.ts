import { matches, PatternIndex } from 'breakwater/streams';
import { atMost, noGoal } from '../harness/goals.ts';
import { median, ratePerCore } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Row, Subject } from '../harness/row.ts';

interface Router {
  readonly add: (pattern: string) => void;
  /** How many subscriptions match. */
  readonly match: (type: string) => number;
}
type MakeRouter = () => Router;

interface WildcardEmitterModule {
  readonly default: {
    readonly EventEmitter2: new (options: object) => {
      on(type: string, listener: () => void): void;
      listeners(type: string): unknown[];
    };
  };
}

function patternIndex(): Router {
  const index = new PatternIndex<number>();
  return { add: (pattern) => index.add(pattern, 1), match: (type) => index.match(type).length };
}

async function eventEmitter2(): Promise<MakeRouter> {
  const { default: module } = await importPeer<WildcardEmitterModule>('eventemitter2');
  return () => {
    const emitter = new module.EventEmitter2({ wildcard: true, maxListeners: 0 });
    const listener = (): void => {};
    return {
      add: (pattern) => emitter.on(pattern, listener),
      match: (type) => emitter.listeners(type).length,
    };
  };
}

function listOfPatterns(): Router {
  const patterns: string[] = [];
  return {
    add: (pattern) => patterns.push(pattern),
    match: (type) => {
      let count = 0;
      for (const pattern of patterns) if (matches(pattern, type)) count += 1;
      return count;
    },
  };
}

/** What types are asked for: few and often, so that what was learned helps, or each for the first time. */
type Asking = 'known' | 'new';

/** Nanoseconds a look-up among `size` subscriptions, of which one matches. */
async function lookUpNs(make: MakeRouter, size: number, asking: Asking, budget: number): Promise<number> {
  const router = make();
  for (let n = 0; n < size; n += 1) router.add(`tenant-${n}.order.*`);
  const lookUps = Math.max(200, budget);
  const tenant = `tenant-${size - 1}.order.`;
  const types = Array.from({ length: asking === 'known' ? 1 : lookUps }, (_, n) => `${tenant}kind-${n}`);
  let matched = 0;
  const rate = await ratePerCore(lookUps, () => {
    for (let n = 0; n < lookUps; n += 1) matched += router.match(types[n % types.length] as string);
  });
  if (matched !== lookUps) throw new Error(`${matched} subscriptions matched ${lookUps} types`);
  return 1e9 / rate;
}

/** How many look-ups suffice for a stable figure: some 50 ms. */
type Budget = (size: number) => number;
const learned: Budget = () => 5_000_000;
const walked: Budget = () => 100_000;
const slow: Budget = (size) => 2_000_000 / size;

function subject(
  name: string,
  make: () => MakeRouter | Promise<MakeRouter>,
  budget: Budget,
  figure: (at: (size: number) => Promise<number>) => Promise<number>,
  asking: Asking,
): Subject {
  return {
    name,
    prepare: async () => {
      const router = await make();
      return () => figure((size) => lookUpNs(router, size, asking, budget(size)));
    },
  };
}

/** Cost among 100 000 subscriptions as a multiple of that among 10; both as the median of three. */
async function growth(at: (size: number) => Promise<number>): Promise<number> {
  const few: number[] = [];
  const many: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    few.push(await at(10));
    many.push(await at(100_000));
  }
  return median(many) / median(few);
}

function peers(
  figure: (at: (size: number) => Promise<number>) => Promise<number>,
  asking: Asking,
): Subject[] {
  return [
    subject('eventemitter2 with wildcards', eventEmitter2, slow, figure, asking),
    subject('a list of patterns', () => listOfPatterns, slow, figure, asking),
  ];
}

const shared = { better: 'lower', runs: 3, warmUps: 1 } as const;

/** As `flat` as can be told: the larger index no longer fits the processor's caches. */
const flat = 2;

export const routing: Row = {
  ...shared,
  id: 'routing',
  what: 'look-up of a known type that one subscription matches: cost among 100 000 over cost among 10',
  unit: 'ratio',
  goal: atMost(flat, ''),
  subject: subject('breakwater', () => patternIndex, learned, growth, 'known'),
  peers: peers(growth, 'known'),
};

export const routingNewTypes: Row = {
  ...shared,
  id: 'routing-new-types',
  what: 'the same, of types that were never seen before',
  unit: 'ratio',
  goal: atMost(flat, ''),
  subject: subject('breakwater', () => patternIndex, walked, growth, 'new'),
  peers: peers(growth, 'new'),
};

export const routingKnown100k: Row = {
  ...shared,
  id: 'routing-100k',
  what: 'one look-up of a known type among 100 000 subscriptions',
  unit: 'ns',
  goal: noGoal,
  subject: subject(
    'breakwater',
    () => patternIndex,
    learned,
    (at) => at(100_000),
    'known',
  ),
  peers: peers((at) => at(100_000), 'known'),
};

export const routingNew100k: Row = {
  ...shared,
  id: 'routing-100k-new-types',
  what: 'one look-up of a new type among 100 000 subscriptions',
  unit: 'ns',
  goal: noGoal,
  subject: subject(
    'breakwater',
    () => patternIndex,
    walked,
    (at) => at(100_000),
    'new',
  ),
  peers: peers((at) => at(100_000), 'new'),
};
