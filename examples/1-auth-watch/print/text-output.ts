import type { Writable } from 'node:stream';

/** Where text goes, at the pace of whoever reads it. */
export interface TextOutput {
  /** Writes lines at once; resolves when there is room for more, or nobody reads any more. Never rejects. */
  write(lines: readonly string[]): Promise<void>;
  /** Why nothing can be written any more: `EPIPE` when the reader has gone away (`| head`). */
  readonly failure: NodeJS.ErrnoException | undefined;
}

/** Wraps a stream. `onFailure` is called once, when it turns out that nothing can be written any more. */
export function createTextOutput(stream: Writable, onFailure: () => void): TextOutput {
  let failure: NodeJS.ErrnoException | undefined;
  let resume: (() => void) | undefined;
  stream.on('drain', () => resume?.());
  stream.on('error', (error) => {
    if (failure === undefined) onFailure();
    failure ??= error;
    resume?.();
  });

  return {
    async write(lines) {
      if (failure !== undefined || lines.length === 0 || stream.write(`${lines.join('\n')}\n`)) return;
      await new Promise<void>((resolve) => (resume = resolve));
    },
    get failure() {
      return failure;
    },
  };
}
