import { describe, expect, it } from 'vitest';
import { decodeBlock, digestOf, encodeBlock } from '../../../src/log/audit-block.ts';
import { verifyTrail } from '../../../src/log/audit-verify.ts';
import { auditedWorld, tampered } from '../../support/audited-world.ts';
import { maintainedWorld, numbered } from '../../support/maintained-world.ts';

describe('the chain of an audit trail', () => {
  it('finds a block of its own that was changed, dropped or put in another place', async () => {
    const { store, records } = await auditedWorld();
    const blocks = await store.snapshots.list('audit', { prefix: 'block/' });
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    const second = blocks[1];
    if (second === undefined) throw new Error('there are three');
    for (let at = 0; at < second.value.length; at += 13) {
      const value = second.value.slice();
      value[at] = (value[at] ?? 0) ^ 1;
      await store.snapshots.write({ bucket: 'audit', key: second.key, value });
      const { ok, findings } = await verifyTrail(tampered(records), store.snapshots, {});
      expect(ok).toBe(false);
      expect(findings[0]).toMatchObject({ kind: 'trail', position: 8 });
    }
    await store.snapshots.write({ bucket: 'audit', key: second.key, value: undefined });
    const without = await verifyTrail(tampered(records), store.snapshots, {});
    expect(without.findings).toEqual([
      { kind: 'trail', position: 8, detail: 'block 2 of the trail is missing' },
    ]);
    await store.snapshots.write({ bucket: 'audit', key: second.key, value: blocks[0]?.value });
    expect((await verifyTrail(tampered(records), store.snapshots, {})).ok).toBe(false);
  });

  it('finds a block that was forged together with its events, by the block after it', async () => {
    const { store, records } = await auditedWorld();
    const blocks = await store.snapshots.list('audit', { prefix: 'block/' });
    const { previous, events, removed } = decodeBlock(2, blocks[1]?.value ?? new Uint8Array());
    const forged = records.map((record) =>
      record.position === 10 ? { ...record, event: numbered(99) } : record,
    );
    const told = events.map((event) => {
      const record = forged.find(({ position }) => position === event.position);
      const digest = record === undefined ? undefined : digestOf(record);
      return digest === undefined ? event : { ...event, digest };
    });
    const { value } = encodeBlock({ previous, events: told, removed });
    await store.snapshots.write({ bucket: 'audit', key: blocks[1]?.key ?? '', value });
    const { findings } = await verifyTrail(tampered(forged), store.snapshots, {});
    expect(findings).toEqual([
      { kind: 'trail', position: 15, detail: 'block 3 does not follow the block before' },
    ]);
  });

  it('finds that events and trail were written anew together, by a checkpoint that was kept elsewhere', async () => {
    const { checkpoint } = await auditedWorld();
    const forged = maintainedWorld();
    const { store, kept } = forged.start({ audit: true });
    for (let n = 1; n <= 20; n += 1) {
      await store.log.append([
        numbered(n, { key: `k${n % 3}`, data: n === 4 ? 'forged' : n, metadata: { n: String(n) } }),
      ]);
      if (n % 7 === 0) await kept.checkpoint();
    }
    expect(await kept.verifyAudit()).toMatchObject({ ok: true });
    const checkpoints = checkpoint === undefined ? [] : [checkpoint];
    expect(checkpoints).toHaveLength(1);
    const { ok, findings } = await kept.verifyAudit({ checkpoints });
    expect(ok).toBe(false);
    expect(findings).toEqual([
      expect.objectContaining({
        kind: 'trail',
        detail: expect.stringMatching(/is not the one of the checkpoint/u),
      }),
    ]);
  });

  it('finds that its end was cut off together with the events, by a checkpoint', async () => {
    const { checkpoint } = await auditedWorld();
    const { kept } = maintainedWorld().start({ audit: true });
    const { ok, findings } = await kept.verifyAudit({
      checkpoints: checkpoint === undefined ? [] : [checkpoint],
    });
    expect(ok).toBe(false);
    expect(findings[0]?.detail).toMatch(/does not hold block \d+, of which there is a checkpoint/u);
  });

  it('goes on after a crash where it stood, and says how far it is behind', async () => {
    const world = maintainedWorld();
    const before = world.start({ audit: { everyMs: 500 } });
    await before.store.log.append([numbered(1), numbered(2)]);
    await before.kept.checkpoint();
    await before.store.log.append([numbered(3)]);
    expect((await before.kept.stats()).audit).toEqual({ position: 2, behind: 1 });

    const after = world.start({ audit: { everyMs: 500 } });
    await after.store.log.append([numbered(4)]);
    expect(await after.kept.verifyAudit()).toMatchObject({ ok: true, verified: 4, unaudited: 0 });
    expect((await after.kept.stats()).audit).toEqual({ position: 4, behind: 0 });
  });

  it('follows appends by itself, after everyMs', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({ audit: true });
    await kept.checkpoint();
    await store.log.append([numbered(1)]);
    world.clock.fire();
    await expect.poll(async () => (await kept.stats()).audit).toEqual({ position: 1, behind: 0 });
  });
});
