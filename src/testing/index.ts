export type { ConformanceCase } from './conformance/conformance-case.ts';
export { eventLogConformance } from './conformance/event-log-conformance.ts';
export type { EventLogSubject, OpenLog } from './conformance/log-session.ts';
export type { OpenSnapshots, SnapshotStoreSubject } from './conformance/snapshot-session.ts';
export { snapshotStoreConformance } from './conformance/snapshot-store-conformance.ts';
export { storeConformance, type StoreSubject } from './conformance/store-conformance.ts';
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
