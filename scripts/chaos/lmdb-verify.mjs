// Checks a store against what its writers said. Used by the runs that kill, and that cut the power.
import { readAll } from './lmdb-library.mjs';

/** What the writers of a store said, over all rounds. */
export class Record {
  acknowledged = [];
  trimmedBefore = 0;

  /** Takes a line that a writer said, as words. */
  hear([kind, ...rest]) {
    const numbers = rest.map(Number);
    if (kind === 'T') this.trimmedBefore = Math.max(this.trimmedBefore, numbers[0]);
    if (kind === 'A') {
      const [p, start, size, position, at] = numbers;
      this.acknowledged.push({ p, start, size, position, at });
    }
  }
}

/** Everything that does not hold of a store; empty when all is well. */
export function verify(store, record, isBinding = () => true) {
  const wrong = [];
  const { first, last, count } = store.log.bounds();
  const { records, faults } = readAll(store.log);
  if (faults.length > 0) wrong.push(`${faults.length} faults, the first at ${faults[0].position}`);
  if (records.length !== count) wrong.push(`it says ${count} records and has ${records.length}`);
  if (first > Math.max(1, record.trimmedBefore))
    wrong.push(`it begins at ${first}, trimmed before ${record.trimmedBefore}`);
  const byPosition = new Map(records.map((entry) => [entry.position, entry.event.data]));
  checkOrder(records, first, wrong);
  for (const entry of record.acknowledged) {
    if (!isBinding(entry)) continue;
    const { p, start, size, position } = entry;
    for (let offset = Math.max(0, first - position); offset < size; offset += 1) {
      const data = byPosition.get(position + offset);
      if (data?.p !== p || data.n !== start + offset) {
        wrong.push(
          `acknowledged ${start + offset} of producer ${p} is not at ${position + offset} (last is ${last})`,
        );
        break;
      }
    }
  }
  checkStates(store, records, wrong);
  return { wrong, events: last };
}

/** Positions have no gap; each producer's events are in order, each once, and its batches whole. */
function checkOrder(records, first, wrong) {
  const lastOf = new Map();
  const whole = new Map();
  for (const [
    at,
    {
      position,
      event: { data },
    },
  ] of records.entries()) {
    if (position !== first + at) wrong.push(`position ${first + at} is missing`);
    const before = lastOf.get(data.p);
    if (before !== undefined && data.n !== before + 1)
      wrong.push(`producer ${data.p}: ${data.n} follows ${before}`);
    lastOf.set(data.p, data.n);
    const name = `${data.p}:${data.start}`;
    const batch = whole.get(name) ?? { size: data.size, from: position - (data.n - data.start), seen: 0 };
    batch.seen += 1;
    whole.set(name, batch);
  }
  for (const [name, { size, from, seen }] of whole) {
    const kept = Math.min(size, from + size - first);
    if (seen !== kept) wrong.push(`batch ${name} has ${seen} of ${kept} events`);
  }
}

/** Each producer's state is what its last event says. */
function checkStates(store, records, wrong) {
  const lastOf = new Map();
  for (const {
    event: { data },
  } of records)
    lastOf.set(data.p, data.n);
  for (const { key, value } of store.snapshots.list('state')) {
    const n = lastOf.get(Number(key.slice(1)));
    const state = Number(new TextDecoder().decode(value));
    if (n !== undefined && n !== state) wrong.push(`the state of ${key} is ${state}, its last event ${n}`);
    const found = readAll(store.log, { key }).records.length;
    const there = records.filter(({ event }) => event.key === key).length;
    if (found !== there) wrong.push(`the index finds ${found} events of ${key}, there are ${there}`);
  }
}
