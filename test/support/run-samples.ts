import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { withChecks, type DocSample } from './doc-samples.ts';
import { root } from './repository.ts';

/** How one sample went: what the compiler said of it and how to run it. */
export interface CompiledSample {
  readonly sample: DocSample;
  /** Complaints, each with the page and line they are about. */
  readonly problems: readonly string[];
  /** Runs the sample and returns all that is wrong with it. */
  readonly run: () => Promise<string[]>;
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _options, ...inherited } = process.env;
    const env = { ...inherited, NO_COLOR: '1', FORCE_COLOR: '0' };
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Compiles all samples in one run of the compiler, as strictly as the library and against the built package.
 *
 * `name` is the folder the samples are written to, so that two test files do not meet.
 */
export async function compileSamples(name: string, samples: readonly DocSample[]): Promise<CompiledSample[]> {
  const folder = `${root}.docs-samples/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}/shows.d.ts`,
    'declare function showsValue<T>(text: string, line: number, shown: T): T;\n',
  );
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(compilerConfig));

  const broken = samples.map((sample, index) => {
    try {
      writeFileSync(`${folder}/sample-${index}.ts`, withChecks(sample.code));
      return [];
    } catch (error) {
      return [`${sample.place} ${String(error)}`];
    }
  });
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  const { stdout } =
    samples.length > 0 ? await start([compiler, '--pretty', 'false'], folder) : { stdout: '' };

  return samples.map((sample, index) => {
    const problems = [...(broken[index] ?? []), ...complaints(stdout, index, sample)];
    return { sample, problems, run: () => runSample(folder, index, sample) };
  });
}

const compilerConfig = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    customConditions: [],
    noEmit: false,
    declaration: false,
    noUnusedLocals: false,
    rootDir: '.',
    outDir: 'out',
  },
  include: ['*.ts'],
};

function complaints(stdout: string, index: number, { page, line }: DocSample): string[] {
  const found = stdout.matchAll(new RegExp(`^sample-${index}\\.ts\\((\\d+),\\d+\\): (.*)$`, 'gmu'));
  return [...found].map(([, at, message]) => `${page}:${line + Number(at) - 1} ${message}`);
}

async function runSample(folder: string, index: number, sample: DocSample): Promise<string[]> {
  const shows = new URL('shows.mjs', import.meta.url).href;
  const { code, stdout, stderr } = await start(['--import', shows, `out/sample-${index}.js`], folder);
  const problems: string[] = [];
  if (code !== 0) problems.push(`${sample.place} ended with code ${code}\n${stderr}`);
  if (sample.output !== undefined && stdout.trim() !== sample.output.trim()) {
    problems.push(`${sample.place} printed\n${stdout.trim()}\nthe page says\n${sample.output.trim()}`);
  }
  return problems;
}
