#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { describeFailure } from './describe-failure.ts';
import { runFile, RunError } from './run.ts';

const failed = 1;
const misused = 2;

const { version } = createRequire(import.meta.url)('breakwater/package.json') as { version: string };

const program = new Command('breakwater')
  .description('Event processing for TypeScript.')
  .version(version)
  .enablePositionalOptions()
  .exitOverride();

program
  .command('run')
  .description('run a program: a module in TypeScript or JavaScript')
  .argument('<file>', 'the module')
  .argument('[args...]', 'what the program finds in process.argv')
  .option('--stack', 'show the stack of an error that ends the program')
  // What follows the file belongs to the program, also where it looks like an option of ours.
  .passThroughOptions()
  .action(async (file: string, args: string[], { stack = false }: { stack?: boolean }) => {
    process.on('uncaughtException', (error) => endWith(file, error, stack));
    await runFile(file, args).catch((error: unknown) => endWith(file, error, stack));
  });

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its message, or the help that was asked for.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : misused;
}

function endWith(file: string, error: unknown, stack: boolean): void {
  // Whoever read our output has seen enough (`| head`): that is no failure.
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') process.exit(0);
  const message = error instanceof RunError ? error.message : `${file} failed: ${describeFailure(error)}`;
  const details = stack && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  process.stderr.write(`breakwater: ${message}\n${details}`, () => process.exit(failed));
}
