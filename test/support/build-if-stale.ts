import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { root } from './repository.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the compiler said when dist could not be built; empty when it could. */
    buildFailure: string;
  }
}

const SOURCES = ['streams', 'actors', 'src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Builds dist once before the tests that run from it, if any source changed since the last build. */
export function setup(project: TestProject): void {
  project.provide('buildFailure', newestChange(SOURCES) < builtAt() ? '' : build());
}

// A failure is handed on, not thrown: that would stop the tests that need no build as well.
function build(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? '' : `the build failed:\n${stdout}${stderr}`;
}

/** When dist was put together; a build creates its folder anew. */
function builtAt(): number {
  return statSync(`${root}dist`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// Folders count as well: their time changes when a file in them is deleted or renamed.
function newestChange(paths: readonly string[]): number {
  return Math.max(
    ...paths.map((path) => {
      const stat = statSync(root + path);
      if (!stat.isDirectory()) return stat.mtimeMs;
      const inside = readdirSync(root + path).map((name) => `${path}/${name}`);
      return Math.max(stat.mtimeMs, newestChange(inside));
    }),
  );
}
