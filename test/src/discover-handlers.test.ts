import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createBus, type DiscoveryReport, type Logger } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../support/bus-world.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A module that default-exports what `defineHandler` gives, with these members. */
const handler = (members: string): string =>
  `export default { ${members}, [Symbol.for('breakwater.handler')]: true };`;
const good = handler("event: 'order.*', handle() {}");

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** The faults of a report by file name, without the folder. */
const faultsOf = ({ faults }: DiscoveryReport): readonly (readonly [string, string])[] =>
  faults.map(({ file, fault }) => [file.split('/').at(-1) ?? '', fault]);

describe('discoverHandlers', () => {
  it('subscribes each handler of a folder under the name of its file, with its options', async () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, info: (_fields, message) => lines.push(message) };
    const bus = createBus({ logger });
    const folder = folderWith({
      'billing.mjs': handler("event: 'order.placed', options: { order: 'key' }, handle() {}"),
      'mail.mjs': good,
    });

    const { found, faults, skipped } = await bus.discoverHandlers(pathToFileURL(folder));

    expect({ faults, skipped, found: found.map(({ name }) => name) }).toEqual({
      faults: [],
      skipped: [],
      found: ['billing', 'mail'],
    });
    expect(bus.handlerCount('order.placed')).toBe(2);
    expect(lines).toEqual(['billing handles order.placed', 'mail handles order.*']);
  });

  it('says that a folder is missing, and where it looked', async () => {
    const bus = createBus({ logger: silentLogger });

    const report = await bus.discoverHandlers('no/such/folder');

    expect(report).toMatchObject({
      found: [],
      faults: [{ file: 'no/such/folder', fault: 'folder-missing', cause: { code: 'ENOENT' } }],
    });
    expect(report.faults[0]?.message).toMatch(/^folder no\/such\/folder cannot be read; check the path/u);
  });

  it.each([
    [
      'a module without default export',
      'no-default-export',
      "export const event = 'order.*';",
      /^has no default export; write /u,
    ],
    [
      'a default export of another kind',
      'not-a-handler',
      'export default { event: "order.*", handle() {} };',
      /^default-exports an object, /u,
    ],
    ['a class', 'not-a-handler', 'export default class OrderHandler {}', /^default-exports a function, /u],
    [
      'a handler without event',
      'no-event',
      handler('handle() {}'),
      /^names no event; add `event`: .*, got undefined$/u,
    ],
    [
      'a handler without handle',
      'no-handle',
      handler("event: 'order.*'"),
      /^has no `handle` function, got undefined$/u,
    ],
    [
      'a module that throws',
      'import-failed',
      'throw new Error("no licence");',
      /^could not be imported: Error: no licence$/u,
    ],
    ['a module with a syntax error', 'import-failed', 'export default {', /^could not be imported: /u],
    [
      'a module whose import is missing',
      'import-failed',
      "import 'no-such-package';",
      /^could not be imported: Error: Cannot find package /u,
    ],
    [
      'a pattern that cannot match',
      'subscribe-failed',
      handler("event: 'order..placed', handle() {}"),
      /^TypeError: pattern "order\.\.placed"/u,
    ],
    [
      'an unknown option',
      'subscribe-failed',
      handler("event: 'order.*', options: { colour: 1 }, handle() {}"),
      /"colour" is not/u,
    ],
  ])('H55: reports %s as %s, and finds the others', async (_what, fault, text, message) => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_fields, warning) => warnings.push(warning) };
    const bus = createBus({ logger });

    const report = await bus.discoverHandlers(folderWith({ 'a-broken.mjs': text, 'b-good.mjs': good }));

    expect(faultsOf(report)).toEqual([['a-broken.mjs', fault]]);
    expect(report.faults[0]?.message).toMatch(message);
    expect(report.found.map(({ name }) => name)).toEqual(['b-good']);
    expect(bus.handlerCount()).toBe(1);
    expect(warnings).toEqual([`no handler from ${report.faults[0]?.file}: ${report.faults[0]?.message}`]);
  });

  it('says that a module in TypeScript has no default export', async () => {
    const bus = createBus({ logger: silentLogger });

    const report = await bus.discoverHandlers(
      folderWith({ 'half-written.ts': "export const event: string = 'a';" }),
    );

    expect(faultsOf(report)).toEqual([['half-written.ts', 'no-default-export']]);
  });

  it('H55: gives up a module that never finishes loading, after ten seconds', async () => {
    const virtual = createVirtualClock();
    let armed: () => void = () => {};
    const importing = new Promise<void>((resolve) => {
      armed = resolve;
    });
    const bus = createBus({
      logger: silentLogger,
      clock: {
        ...bound(virtual),
        setTimeout(callback, delayMs, background) {
          if (delayMs === 10_000) armed();
          return virtual.setTimeout(callback, delayMs, background);
        },
      },
    });

    const discovering = bus.discoverHandlers(
      folderWith({ 'a-hangs.mjs': `await new Promise(() => {});\n${good}`, 'b-notes.md': 'notes' }),
    );
    await importing;
    await virtual.advanceBy(10_000);

    const report = await discovering;
    expect(faultsOf(report)).toEqual([['a-hangs.mjs', 'import-timed-out']]);
    expect(report.faults[0]?.message).toBe('did not finish loading in 10000 ms; look for a top-level await');
  });

  it('H55: leaves out declarations, tests, other files and folders', async () => {
    const bus = createBus({ logger: silentLogger });
    const folder = folderWith({
      'mail.d.ts': 'export {};',
      'mail.test.ts': 'throw new Error("a test must not run");',
      'mail.spec.mjs': 'throw new Error("a test must not run");',
      'README.md': '# Handlers',
      'data.json': '{}',
    });
    mkdirSync(join(folder, 'deeper.mjs'));

    const { found, faults, skipped } = await bus.discoverHandlers(folder);

    expect({ found, faults }).toEqual({ found: [], faults: [] });
    expect(skipped.map((file) => file.split('/').at(-1))).toEqual([
      'README.md',
      'data.json',
      'deeper.mjs',
      'mail.d.ts',
      'mail.spec.mjs',
      'mail.test.ts',
    ]);
  });

  it('H55: follows a link within the folder, and no link that leads outside, nowhere or in a circle', async () => {
    const bus = createBus({ logger: silentLogger });
    const outside = folderWith({ 'secret.mjs': 'throw new Error("must not run");' });
    const folder = folderWith({ 'real.mjs': good });
    symlinkSync(join(folder, 'real.mjs'), join(folder, 'within.mjs'));
    symlinkSync(join(outside, 'secret.mjs'), join(folder, 'outside.mjs'));
    symlinkSync(join(folder, 'gone.mjs'), join(folder, 'dangling.mjs'));
    symlinkSync(join(folder, 'circle-b.mjs'), join(folder, 'circle-a.mjs'));
    symlinkSync(join(folder, 'circle-a.mjs'), join(folder, 'circle-b.mjs'));
    symlinkSync(folder, join(folder, 'itself.mjs'));

    const report = await bus.discoverHandlers(folder);

    expect(report.found.map(({ name }) => name)).toEqual(['real', 'within']);
    expect(faultsOf(report)).toEqual([
      ['circle-a.mjs', 'import-failed'],
      ['circle-b.mjs', 'import-failed'],
      ['dangling.mjs', 'import-failed'],
      ['outside.mjs', 'outside-folder'],
    ]);
    expect(report.skipped.map((file) => file.split('/').at(-1))).toEqual(['itself.mjs']);
  });

  it('H55: keeps the first of two files with one name, and says so of the other', async () => {
    const bus = createBus({ logger: silentLogger });

    const report = await bus.discoverHandlers(folderWith({ 'mail.js': good, 'mail.mjs': good }));

    expect(report.found.map(({ file }) => file.split('/').at(-1))).toEqual(['mail.js']);
    expect(report.faults).toMatchObject([
      {
        fault: 'subscribe-failed',
        message: expect.stringMatching(/a subscriber named mail exists already/u),
      },
    ]);
  });
});

/** The functions of a clock, each bound to it. */
function bound(clock: ReturnType<typeof createVirtualClock>) {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
    defer: (callback: () => void) => clock.defer(callback),
    yieldTurn: (callback: () => void) => clock.yieldTurn(callback),
  };
}
