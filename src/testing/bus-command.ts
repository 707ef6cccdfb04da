import type { Priority } from '../../streams/event/priority.ts';
import type { HandlerScript } from './handler-script.ts';

/** One event to publish, and what its handlers are to do with it. */
export interface ProbePlan {
  readonly key?: string;
  readonly priority: Priority;
  readonly script: HandlerScript;
}

/** What is done to a bus from outside. `subscribe` and `unsubscribe` come and go with a second subscriber. */
export type BusCommand =
  | { readonly do: 'publish'; readonly plan: ProbePlan }
  | { readonly do: 'batch'; readonly plans: readonly ProbePlan[] }
  | { readonly do: 'advance'; readonly ms: number }
  | {
      readonly do: 'pause' | 'resume' | 'subscribe' | 'unsubscribe' | 'drain' | 'close' | 'crash' | 'restart';
    };
