import fc from 'fast-check';
import {
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  log,
  raise,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';

interface Step {
  readonly on: string;
  readonly target: number | undefined;
  readonly guard: string | undefined;
  readonly reenter: boolean;
  readonly actions: readonly number[];
}

/** A machine's configuration, before its states have names. */
export interface MachineShape {
  readonly type: 'compound' | 'parallel' | 'final' | 'history';
  readonly inner: readonly MachineShape[];
  readonly steps: readonly Step[];
  readonly entry: readonly number[];
  readonly exit: readonly number[];
  readonly always: Step | undefined;
  readonly after: Step | undefined;
  readonly tagged: boolean;
  readonly invokes: boolean;
}

export interface Counter {
  readonly n: number;
  readonly last?: string;
}

export type Args = { readonly context: Counter; readonly event: EventObject & { readonly by?: number } };

/** All that an action of a configuration may be: the first ones are those that need no interpreter. */
const actions: readonly unknown[] = [
  assign({ n: ({ context }: Args) => context.n + 1, last: 'object' }),
  assign(({ context, event }: Args) => ({ n: context.n + (event.by ?? 3) })),
  'bump',
  { type: 'add', params: { by: 2 } },
  { type: 'add', params: ({ context }: Args) => ({ by: context.n % 3 }) },
  { type: 'note', params: { from: 'params' } },
  'note',
  emit(({ context }: Args) => ({ type: 'emitted', n: context.n })),
  log(({ context }: Args) => context.n),
  cancel('later'),
  raise({ type: 'B' }, { delay: 1_000, id: 'later' }),
  raise({ type: 'B' }, { delay: 'aWhile' as never }),
  'late',
  raise({ type: 'C' }),
  enqueueActions(({ enqueue, context }) => {
    if ((context as Counter).n % 2 === 0) enqueue.assign({ n: 5 });
    enqueue.emit({ type: 'queued' });
  }),
  assign({
    child: ({ spawn }: { spawn: (src: string) => unknown }) => (spawn('worker') as { src: string }).src,
  }),
  assign(({ context }: Args) => {
    if (context.n % 7 === 6) throw new Error('unlucky');
    return {};
  }),
  'absent',
];

const stepOf = (plain: boolean): fc.Arbitrary<Step> =>
  fc.record({
    on: fc.constantFrom('A', 'B', 'C', 'D.e', 'D.*', ...(plain ? [] : ['*'])),
    target: fc.option(fc.nat(11), { nil: undefined, freq: 4 }),
    guard: fc.option(fc.constantFrom('even', 'odd', 'missing'), { nil: undefined, freq: plain ? 1 : 2 }),
    reenter: fc.boolean(),
    actions: actionsOf(plain),
  });

function actionsOf(plain: boolean): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(plain ? 12 : actions.length - 1), { maxLength: 3 });
}

/** Shapes of machines; `plain` ones hold what can be planned, and guards. */
export function shapeOf(depth: number, plain: boolean): fc.Arbitrary<MachineShape> {
  const inner = depth === 0 ? fc.constant([]) : fc.array(shapeOf(depth - 1, plain), { maxLength: 3 });
  const rare = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
    plain ? fc.constant(undefined) : fc.option(value, { nil: undefined, freq: 1 });
  return fc.record({
    type: plain
      ? fc.constant<MachineShape['type']>('compound')
      : fc.constantFrom<MachineShape['type'][]>(
          'compound',
          'compound',
          'compound',
          'parallel',
          'final',
          'history',
        ),
    inner,
    steps: fc.array(stepOf(plain), { maxLength: 3 }),
    entry: actionsOf(plain),
    exit: actionsOf(plain),
    always: rare(stepOf(plain)),
    after: fc.option(stepOf(plain), { nil: undefined, freq: 1 }),
    tagged: fc.boolean(),
    invokes: plain ? fc.constant(false) : fc.boolean(),
  });
}

/** A machine of a shape. Effects of its actions go to whoever runs it. */
export function machineOf(shape: MachineShape, effect: (what: unknown) => void): AnyStateMachine {
  let count = 0;
  const number = (one: MachineShape): number => one.inner.reduce((sum, child) => sum + number(child), 1);
  const total = number(shape);
  const transition = ({ target, guard, reenter, actions: chosen }: Step): object => ({
    ...(target === undefined ? {} : { target: `#s${target % total}` }),
    ...(guard === undefined ? {} : { guard }),
    reenter,
    actions: chosen.map((at) => actions[at]),
  });
  const state = (one: MachineShape, isRoot: boolean): object => {
    const id = `s${count}`;
    count += 1;
    const states = Object.fromEntries(one.inner.map((child, at) => [`k${at}`, state(child, false)]));
    const on: Record<string, object[]> = {};
    for (const step of one.steps) (on[step.on] ??= []).push(transition(step));
    const inside = one.inner.length > 0;
    if (!inside && one.type === 'history' && !isRoot) return { id, type: 'history' };
    if (!inside && one.type === 'final' && !isRoot) return { id, type: 'final' };
    return {
      id,
      ...(inside ? { states } : {}),
      ...(inside && one.type === 'parallel' ? { type: 'parallel' } : {}),
      ...(inside && one.type !== 'parallel' ? { initial: 'k0' } : {}),
      ...(one.always === undefined ? {} : { always: { guard: 'even', ...transition(one.always) } }),
      ...(one.after === undefined
        ? {}
        : { after: { 50: transition(one.after), aWhile: transition(one.after) } }),
      ...(one.invokes ? { invoke: { src: 'worker', id: `worker-${id}` } } : {}),
      ...(one.tagged ? { tags: [`tag-${id}`] } : {}),
      on,
      entry: one.entry.map((at) => actions[at]),
      exit: one.exit.map((at) => actions[at]),
    };
  };
  return createMachine(
    { ...state(shape, true), context: { n: 0 }, options: { maxIterations: 20 } } as never,
    {
      actions: {
        bump: assign({ n: ({ context }: Args) => context.n + 10 }),
        add: assign(({ context }: Args, { by }: { by: number }) => ({ n: context.n + by })) as never,
        note: (({ context, event }: Args, params: unknown) => effect([context, event, params])) as never,
        late: raise({ type: 'B' }, { delay: 2_000 }) as never,
      },
      guards: {
        even: ({ context }: Args) => context.n % 2 === 0,
        odd: ({ context }: Args) => context.n % 2 === 1,
      },
      delays: { aWhile: 70 },
      actors: { worker: fromCallback(() => {}) },
    } as never,
  );
}

/** What may be sent to them. */
export const machineSignals = fc.array(
  fc.record({
    type: fc.constantFrom(
      'A',
      'B',
      'C',
      'D',
      'D.e',
      'E',
      'xstate.after.50.s1',
      'xstate.after.50.s2',
      'xstate.done.x',
    ),
    by: fc.nat(3),
  }),
  { minLength: 4, maxLength: 12 },
);

/** Whether XState takes it. */
export function isMachineShape(shape: MachineShape): boolean {
  try {
    machineOf(shape, () => {});
    return true;
  } catch {
    return false;
  }
}
