/** Where a bus writes what an operator should know. pino and most loggers fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How important a line of a log is; a logger leaves out what is below its own level. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Writes lines to standard error: `breakwater warn: queue of billing is 85.2 % full`. */
export function consoleLogger(options: { readonly level?: LogLevel } = {}): Logger {
  const { level = 'warn' } = options;
  const least = levels.indexOf(level);
  const write = (at: LogLevel) => (_fields: object, message: string) => {
    if (levels.indexOf(at) >= least) console.error(`breakwater ${at}: ${printable(message)}`);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A logger that never throws, for what is logged must not depend on whether it can be. */
export function guarded(logger: Logger): Logger {
  const guard =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

/** Text of events and errors may carry terminal escapes: they are shown, not obeyed. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
