import type { Writable } from 'node:stream';

/** Where text goes, at the pace of whoever reads it. */
export interface TextOutput {
  /** Writes lines at once; resolves when there is room for more, or nobody reads any more. Never rejects. */
  write(lines: readonly string[]): Promise<void>;
  /** Whether nobody reads any more. */
  readonly closed: boolean;
}

/** Wraps a stream. `onClosed` is called once when its reader has gone away (`| head`): nothing is to be said to it. */
export function createTextOutput(stream: Writable, onClosed: () => void): TextOutput {
  let closed = false;
  let resume: (() => void) | undefined;
  stream.on('drain', () => resume?.());
  stream.on('error', () => {
    if (!closed) onClosed();
    closed = true;
    resume?.();
  });

  return {
    async write(lines) {
      if (closed || lines.length === 0 || stream.write(`${lines.join('\n')}\n`)) return;
      await new Promise<void>((resolve) => (resume = resolve));
    },
    get closed() {
      return closed;
    },
  };
}
