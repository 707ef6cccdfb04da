export type { ConformanceCase } from './conformance/conformance-case.ts';
export { eventLogConformance } from './conformance/event-log-conformance.ts';
export type { EventLogSubject, OpenLog } from './conformance/log-session.ts';
export type { OpenSnapshots, SnapshotStoreSubject } from './conformance/snapshot-session.ts';
export { snapshotStoreConformance } from './conformance/snapshot-store-conformance.ts';
export { storeConformance, type StoreSubject } from './conformance/store-conformance.ts';
export { transportConformance } from './conformance/transport-conformance.ts';
export type { OpenTransport, TransportSubject } from './conformance/transport-session.ts';

export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
export { seededRandom } from './seeded-random.ts';
export type { Interleaving } from './interleaving.ts';

export { createTestBus } from './create-test-bus.ts';
export { survivingStore } from './surviving-store.ts';
export type { TestBus, TestBusOptions } from './test-bus.ts';
export type { Happening, TimelineEntry } from './timeline.ts';
export type { EventStream, StreamedEvent } from './event-stream.ts';

export { anyCommands, anyProbePlan, type AnyCommandsOptions } from './any-commands.ts';
export { anyData, type AnyDataOptions } from './any-data.ts';
export { anyEvent, type AnyEventOptions } from './any-event.ts';
export { anyEventStream, type AnyEventStreamOptions } from './any-event-stream.ts';
export { anyFaultPlan, type AnyFaultPlanOptions } from './any-fault-plan.ts';
export { anyHandlerScript, type HandlerScriptOptions } from './any-handler-script.ts';
export { anyInterleaving } from './any-interleaving.ts';
export { anySubscriberOptions } from './any-subscriber-options.ts';
export type { BusCommand, ProbePlan } from './bus-command.ts';
export { FaultyLink, type FaultyLinkOptions } from './faulty-link.ts';
export { withFaults, type FaultPlan, type FaultSpell } from './fault-plan.ts';
export { scriptedHandler, type HandlerDeed, type HandlerScript } from './handler-script.ts';

export { lawBoundedStarvation, type Burst, type StarvationOptions } from './law-bounded-starvation.ts';
export {
  lawBreakerSafety,
  type BreakerHistory,
  type BreakerStep,
  type BreakerUnderTest,
  type JudgedBreaker,
} from './law-breaker-safety.ts';
export { lawDeterminism } from './law-determinism.ts';
export {
  lawEffectivelyOnce,
  type DuplicateHistory,
  type EffectivelyOnceOptions,
  type HandlerUnderTest,
} from './law-effectively-once.ts';
export {
  lawEntityFold,
  type EntityFoldOptions,
  type EntityStep,
  type EntityUnderTest,
} from './law-entity-fold.ts';
export { lawIsolation } from './law-isolation.ts';
export { lawNoLoss, type NoLossOptions } from './law-no-loss.ts';
export { lawPerKeyOrder } from './law-per-key-order.ts';
export {
  lawReplay,
  type LogUnderTest,
  type Replayed,
  type ReplayHistory,
  type ReplayRange,
} from './law-replay.ts';
export {
  lawWindowCompleteness,
  type WindowHistory,
  type WindowHolding,
  type WindowLawOptions,
  type WindowSample,
  type WindowUnderTest,
} from './law-window-completeness.ts';
export { LawViolation } from './law-violation.ts';
export type { BusLawOptions } from './bus-history.ts';
export type { LawOptions } from './hold-law.ts';
export type { BusHistory, BusUnderTest } from './probe-run.ts';

export { collectEvents } from './collect-events.ts';
export { duplicator } from './duplicator.ts';
export { expectEvents, type ExpectedEvent } from './expect-events.ts';
export { marblesOf, marbleStream, type MarbleEvent, type MarbleOptions } from './marbles.ts';

export { deliveryProgram } from './simulation/delivery-program.ts';
export type { DeliveryParts } from './simulation/delivery-run.ts';
export { drawFaultRates, type FaultRates } from './simulation/fault-rates.ts';
export {
  describeSimulation,
  shrinkSimulation,
  simulate,
  type SimulationOptions,
  type SimulationProgram,
  type SimulationReport,
} from './simulation/simulate.ts';
export { NodeClock } from './simulation/node-clock.ts';
export { nodesProgram } from './simulation/nodes-program.ts';
export { SimulatedDisk, type SimulatedDiskOptions } from './simulation/simulated-disk.ts';
export { SimulatedNetwork, type DistantStore } from './simulation/simulated-network.ts';
export type { NodesParts } from './simulation/simulated-node.ts';
export { simulatedStore } from './simulation/simulated-store.ts';
export { SimulationFailure, SimulationWorld } from './simulation/simulation-world.ts';
export type { WorldClock } from './simulation/world-clock.ts';
