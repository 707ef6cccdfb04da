import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { maintain } from '../../../src/log/maintain.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import type { Store } from '../../../src/store.ts';
import { auditedWorld } from '../../support/audited-world.ts';
import { maintainedWorld, numbered } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const changes: Record<string, (event: EventEnvelope) => EventEnvelope> = {
  id: (event) => ({ ...event, id: `${event.id}x` }),
  type: (event) => ({ ...event, type: 'order.paid' }),
  source: (event) => ({ ...event, source: 'elsewhere' }),
  time: (event) => ({ ...event, time: event.time + 1 }),
  priority: (event) => ({ ...event, priority: 'high' }),
  schemaVersion: (event) => ({ ...event, schemaVersion: 2 }),
  key: (event) => ({ ...event, key: `${event.key}x` }),
  data: (event) => ({ ...event, data: { ...(event.data as object), text: 'other' } }),
  metadata: (event) => ({ ...event, metadata: { n: 'other' } }),
  cause: (event) => ({ ...event, causationId: 'somebody' }),
};

describe('an audit trail', () => {
  it('vouches for a log that nobody touched, whatever order the members of its payloads have', async () => {
    const { judge, records, kept } = await auditedWorld();
    expect(await kept.verifyAudit()).toMatchObject({
      ok: true,
      verified: 20,
      removed: 0,
      unaudited: 0,
      findings: [],
    });
    const turned = records.map((record) => {
      const members = Object.entries(record.event.data as object).toReversed();
      return { ...record, event: { ...record.event, data: Object.fromEntries(members) } };
    });
    expect(await judge(turned)).toMatchObject({ ok: true });
  });

  it('finds an event with any field changed, and names it alone', async () => {
    const { judge, records } = await auditedWorld();
    await fc.assert(
      fc.asyncProperty(fc.nat(19), fc.constantFrom(...Object.keys(changes)), async (at, field) => {
        const changed = records.map((record, index) =>
          index === at ? { ...record, event: changes[field]?.(record.event) ?? record.event } : record,
        );
        const { ok, verified, findings } = await judge(changed);
        expect({ ok, verified }).toEqual({ ok: false, verified: 19 });
        expect(findings).toEqual([expect.objectContaining({ kind: 'changed', position: at + 1 })]);
      }),
    );
  });

  it('finds an event that was appended at another time', async () => {
    const { judge, records } = await auditedWorld();
    const changed = records.map((record) =>
      record.position === 9 ? { ...record, appendedAt: record.appendedAt - 1 } : record,
    );
    expect((await judge(changed)).findings).toEqual([
      expect.objectContaining({ kind: 'changed', position: 9 }),
    ]);
  });

  it('finds each event that is missing, and names it', async () => {
    const { judge, records } = await auditedWorld();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(19), { minLength: 1 }), async (gone) => {
        const left = records.filter((_, at) => !gone.includes(at));
        const { ok, findings } = await judge(left);
        expect(ok).toBe(false);
        expect(findings.map(({ kind, position }) => ({ kind, position }))).toEqual(
          gone.toSorted((a, b) => a - b).map((at) => ({ kind: 'missing', position: at + 1 })),
        );
      }),
    );
  });

  it('finds two events that were swapped, and says which', async () => {
    const { judge, records } = await auditedWorld();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(19), { minLength: 2, maxLength: 2 }), async ([a = 0, b = 0]) => {
        const swapped = records.map((record, at) => {
          const other = at === a ? records[b] : at === b ? records[a] : record;
          return { ...record, event: other?.event ?? record.event };
        });
        const { findings } = await judge(swapped);
        const [low, high] = [Math.min(a, b) + 1, Math.max(a, b) + 1];
        expect(findings).toEqual([
          {
            kind: 'swapped',
            position: low,
            detail: `holds the event that was audited at ${high}; its own stands at ${high}`,
          },
          {
            kind: 'swapped',
            position: high,
            detail: `holds the event that was audited at ${low}; its own stands at ${low}`,
          },
        ]);
      }),
    );
  });

  it('finds an event that was put where there was none, and one put in the place of another', async () => {
    const { judge, records, kept, store } = await auditedWorld();
    await store.log.remove([5, 14]);
    const left = records.filter(({ position }) => position !== 5 && position !== 14);
    expect(await judge(left)).toMatchObject({ ok: true, verified: 18, removed: 2 });
    const between = [...left, { position: 4.5, appendedAt: 0, event: numbered(99) }].toSorted(
      (a, b) => a.position - b.position,
    );
    expect((await judge(between)).findings).toEqual([
      expect.objectContaining({ kind: 'inserted', position: 4.5 }),
    ]);
    const instead = [
      ...left,
      { position: 5, appendedAt: records[4]?.appendedAt ?? 0, event: numbered(99) },
    ].toSorted((a, b) => a.position - b.position);
    expect((await judge(instead)).findings).toEqual([
      expect.objectContaining({ kind: 'changed', position: 5 }),
    ]);
    await kept.run();
  });

  it('tells removals that were meant from those that were not', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({ audit: true, retention: [{ maxCount: 12 }] });
    await store.log.append(Array.from({ length: 20 }, (_, n) => numbered(n + 1)));
    await kept.run();
    await store.log.remove([15]);
    await store.log.trim(11);
    expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: 9, removed: 11 });
    await world.raw.log.remove([17]);
    const { findings } = await kept.verifyAudit();
    expect(findings).toEqual([expect.objectContaining({ kind: 'missing', position: 17 })]);
  });

  it('vouches for archived events as for others, and finds a segment that is gone', async () => {
    const folder = temporaryFolder();
    const world = maintainedWorld();
    const options = { audit: true, retention: [{ maxCount: 5 }], archive: { folder } };
    const { store, kept } = world.start(options);
    await store.log.append(Array.from({ length: 20 }, (_, n) => numbered(n + 1)));
    await kept.run();
    expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: 20, removed: 0 });
    const [segment] = await world.raw.snapshots.list('archive', { prefix: 'segment/' });
    await world.raw.snapshots.write({ bucket: 'archive', key: segment?.key ?? '', value: undefined });
    const again = world.start(options);
    const { findings, findingCount } = await again.kept.verifyAudit({ maxFindings: 3 });
    expect(findingCount).toBe(15);
    expect(findings.map(({ kind, position }) => [kind, position])).toEqual([
      ['missing', 1],
      ['missing', 2],
      ['missing', 3],
    ]);
  });

  it('is what retention waits for: nothing goes that was not audited', async () => {
    const world = maintainedWorld();
    const failing = (store: Store): Store => ({
      ...store,
      commit: (commit) => {
        if (commit.writes?.some(({ bucket }) => bucket === 'audit') === true) throw new Error('no room');
        return store.commit(commit);
      },
    });
    const kept = maintain(() => failing(world.raw), { audit: true, retention: [{ maxCount: 0 }] });
    const store = kept(world.ports);
    await store.log.append([numbered(1), numbered(2)]);
    await expect(kept.run()).rejects.toThrow('no room');
    expect(await store.log.bounds()).toMatchObject({ count: 2 });
  });

  it('keeps from retention what came after it caught up', async () => {
    const world = maintainedWorld();
    let late = 1;
    const appending = (store: Store): Store => ({
      ...store,
      log: {
        ...store.log,
        bounds: () => {
          if (late-- > 0) void store.log.append([numbered(3)]);
          return store.log.bounds();
        },
      },
    });
    const kept = maintain(() => appending(world.raw), { audit: true, retention: [{ maxAgeMs: 0 }] });
    const store = kept(world.ports);
    await store.log.append([numbered(1), numbered(2)]);
    world.clock.time += 5;
    expect(await kept.run()).toMatchObject({ removed: 2, floor: 3 });
  });

  it('is missing where it was not asked for, and says so', async () => {
    const kept = maintain(memoryStore(), {});
    await expect(kept.verifyAudit()).rejects.toThrow(/not open/u);
    kept(maintainedWorld().ports);
    await expect(kept.verifyAudit()).rejects.toThrow(
      'this store keeps no audit trail. Give maintain the option audit: true',
    );
    await expect(kept.checkpoint()).rejects.toThrow(/no audit trail/u);
  });
});
