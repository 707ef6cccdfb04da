import { parseOptions, usage, UsageError } from './options.ts';
import { watchAuthLog } from './watch-auth-log.ts';

const { stdin, stdout, stderr, env: environment } = process;
const stop = new AbortController();
// The first signal ends the reading and prints the summary; a second one ends the process, as signals do.
let interrupted = 0;
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    interrupted = exitCode;
    stop.abort();
  });
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) stdout.write(usage);
  else {
    const exitCode = await watchAuthLog(options, { stdin, stdout, stderr, environment, stop });
    // Following ends by a signal; reading should not.
    process.exitCode = interrupted > 0 && !options.follow ? interrupted : exitCode;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  stderr.write(`auth-watch: ${error.message}\nTry --help.\n`);
  process.exitCode = 2;
}
