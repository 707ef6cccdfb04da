import type { WriteStream } from 'node:tty';
import { formatNumber } from './table.ts';

/** One line at the bottom of the terminal that says how far the reading is. */
export interface Progress {
  /** Shows how many lines have been read; at most ten times a second. */
  show(lines: number): void;
  /** Makes room for other output. */
  hide(): void;
}

/** Makes a progress line on a terminal; on anything else it shows nothing. */
export function createProgress(stream: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean }): Progress {
  if (stream.isTTY !== true) return { show() {}, hide() {} };
  let shownAt = -Infinity;
  let visible = false;
  return {
    show(lines) {
      const now = performance.now();
      if (now - shownAt < 100) return;
      shownAt = now;
      visible = true;
      stream.write(`\r\u001b[2K${formatNumber(lines)} lines read`);
    },
    hide() {
      if (visible) stream.write('\r\u001b[2K');
      visible = false;
    },
  };
}
