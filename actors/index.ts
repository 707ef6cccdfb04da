export type { BreakerSnapshot } from './breaker-snapshot.ts';
export type { BreakerSignal, BreakerState } from './breaker-states.ts';
export { breakerMachine, type BreakerOptions, type BreakerPorts } from './breaker.ts';
export { createBreaker, type Breaker, type Permit } from './create-breaker.ts';
export {
  createSupervisor,
  type ChildFailure,
  type SupervisedChild,
  type Supervisor,
  type SupervisorOptions,
  type SupervisorPorts,
} from './create-supervisor.ts';
export { defineHandler, type HandlerDefinition } from './define-handler.ts';
export type { Handler, HandlerContext, PublishReceipt } from './handler.ts';
export { scoped } from './scoped-handler.ts';
export {
  retryPolicy,
  settle,
  type Decision,
  type FailedTry,
  type RetryPolicy,
  type RetryPolicyOptions,
} from './settlement.ts';
export { subscriberMachine, type FlowSignal, type FlowState, type SubscriberSignal } from './subscriber.ts';
