// What the chaos scripts of entities on NATS share: the compiled library.

/** The library: the compiled one of this repository, unless BREAKWATER_DIST names another. */
const dist = process.env.BREAKWATER_DIST ?? new URL('../../dist', import.meta.url).href;
const [core, ours, records, streams] = await Promise.all([
  import(`${dist}/src/index.js`),
  import(`${dist}/src/nats/index.js`),
  import(`${dist}/src/entities/entity-record.js`),
  import(`${dist}/streams/index.js`),
]);

export const { createBus, defineEntity } = core;
export const { EntityRecords } = records;
export const { msgpackCodec } = streams;
export const nats = ours;
