// What the runs on NATS need of the compiled library.
import { compiled } from './compiled.mjs';

const [core, ours, records, streams] = await Promise.all([
  compiled('src/index'),
  compiled('src/nats/index'),
  compiled('src/entities/entity-record'),
  compiled('streams/index'),
]);

export const { createBus, defineEntity } = core;
export const { bridge, jetStream } = ours;
export const { EntityRecords } = records;
export const { msgpackCodec } = streams;
