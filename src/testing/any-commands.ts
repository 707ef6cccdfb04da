import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { Priority } from '../../streams/event/priority.ts';
import type { BusCommand, ProbePlan } from './bus-command.ts';
import { anyHandlerScript, type HandlerScriptOptions } from './any-handler-script.ts';

/** Which commands may be drawn. */
export interface AnyCommandsOptions extends HandlerScriptOptions {
  /** Default `60`. */
  readonly maxCommands?: number;
  /** Keys of events; `undefined` for none. Default `['a', 'b', 'c', undefined]`. */
  readonly keys?: readonly (string | undefined)[];
  /** Milliseconds of the longest advance. Default `600`. */
  readonly maxAdvanceMs?: number;
  /** Commands beside publish, batch and advance. Default `['pause', 'resume']`. */
  readonly also?: readonly Exclude<BusCommand['do'], 'publish' | 'batch' | 'advance'>[];
}

const lanes: readonly Priority[] = ['normal', 'low', 'high', 'critical'];

/**
 * Draws what is done to a bus: publishes, batches, time that passes, pauses, and what else is asked for.
 *
 * Every list of commands makes sense: one that does not apply, as a resume of what runs, does nothing. Shrinks to
 * few commands that publish events of one key with handlers that succeed.
 */
export function anyCommands(options: AnyCommandsOptions = {}): fc.Arbitrary<readonly BusCommand[]> {
  const { maxCommands = 60, maxAdvanceMs = 600, also = ['pause', 'resume'] } = options;
  const plan = anyProbePlan(options);
  const command = fc.oneof(
    { weight: 12, arbitrary: plainRecord({ do: fc.constant('publish' as const), plan }) },
    {
      weight: 1,
      arbitrary: plainRecord({
        do: fc.constant('batch' as const),
        plans: fc.array(plan, { minLength: 1, maxLength: 4, size: 'max' }),
      }),
    },
    {
      weight: 4,
      arbitrary: plainRecord({ do: fc.constant('advance' as const), ms: fc.nat(maxAdvanceMs) }),
    },
    ...also.map((name) => ({ weight: 1, arbitrary: fc.constant({ do: name }) })),
  );
  return fc.array<BusCommand>(command, { maxLength: maxCommands, size: 'max' });
}

/** Draws one event to publish and what its handlers do with it. */
export function anyProbePlan(
  options: Pick<AnyCommandsOptions, 'keys'> & HandlerScriptOptions = {},
): fc.Arbitrary<ProbePlan> {
  const { keys = ['a', 'b', 'c', undefined] } = options;
  return fc
    .tuple(fc.constantFrom(...keys), fc.constantFrom(...lanes), anyHandlerScript(options))
    .map(([key, priority, script]) => ({ ...(key !== undefined && { key }), priority, script }));
}
