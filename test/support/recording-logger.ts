import type { Logger } from 'breakwater';

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A logger, and what it was told. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: string) =>
    (_fields: object, message: string): void => {
      lines.push({ level, message });
    };
  const logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  return { logger, lines };
}
