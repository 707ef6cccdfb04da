import { isUtf8 } from 'node:buffer';

/** A line that is no text, or too long to be a line of a log. */
export interface BadLine {
  readonly reason: string;
  /** Its length in bytes, the line end not counted. */
  readonly bytes: number;
  /** Its first bytes as text; what is no UTF-8 among them is replaced. */
  readonly head: string;
}

export interface LineSplitterOptions {
  /** Longest line in bytes; longer ones become a {@link BadLine} with their head. Default `65_536`. */
  readonly maxBytes?: number;
}

/** Cuts bytes into lines. */
export interface LineSplitter {
  /** Gives the lines that end within this chunk. */
  push(chunk: Buffer): (string | BadLine)[];
  /** Gives the last line when no line end follows it, and is ready for other bytes. */
  end(): (string | BadLine)[];
}

const lineFeed = 10;
const carriageReturn = 13;
const headBytes = 200;

/**
 * Makes a splitter for LF and CRLF. Never holds more than one chunk and `maxBytes`: the rest of a longer
 * line is counted as it passes.
 */
export function createLineSplitter(options: LineSplitterOptions = {}): LineSplitter {
  const { maxBytes = 65_536 } = options;
  // The start of a line whose end has not come; of a long one only its head, while `heldBytes` counts all.
  let held: Buffer[] = [];
  let heldBytes = 0;
  let lastByte = 0;

  function hold(part: Buffer): void {
    if (part.length === 0) return;
    // One byte more than a line may have, for the CR before its end.
    const room = maxBytes + 1 - Math.min(heldBytes, maxBytes + 1);
    // A copy, because a part would keep its whole chunk in memory for as long as the line is open.
    if (room > 0) held.push(Buffer.from(part.subarray(0, room)));
    heldBytes += part.length;
    lastByte = part[part.length - 1] ?? 0;
  }

  function takeHeld(): string | BadLine {
    const bytes = lastByte === carriageReturn ? heldBytes - 1 : heldBytes;
    const line = readLine(Buffer.concat(held).subarray(0, bytes), bytes, maxBytes);
    held = [];
    heldBytes = 0;
    return line;
  }

  return {
    push(chunk) {
      const lines: (string | BadLine)[] = [];
      let start = 0;
      if (heldBytes > 0) {
        const end = chunk.indexOf(lineFeed);
        hold(end < 0 ? chunk : chunk.subarray(0, end));
        if (end < 0) return lines;
        lines.push(takeHeld());
        start = end + 1;
      }
      const last = chunk.lastIndexOf(lineFeed);
      if (last >= start) {
        readLines(chunk.subarray(start, last), maxBytes, lines);
        start = last + 1;
      }
      hold(chunk.subarray(start));
      return lines;
    },
    end() {
      return heldBytes === 0 ? [] : [takeHeld()];
    },
  };
}

/** Reads whole lines, the last without its line end. Decoding them in one go is what makes this fast. */
function readLines(bytes: Buffer, maxBytes: number, lines: (string | BadLine)[]): void {
  if (bytes.length <= maxBytes && isUtf8(bytes) && !bytes.includes(0)) {
    const text = bytes.toString('utf8');
    for (const line of text.split('\n')) lines.push(line.endsWith('\r') ? line.slice(0, -1) : line);
    return;
  }
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(lineFeed, start);
    const next = found < 0 ? bytes.length : found;
    const end = next > start && bytes[next - 1] === carriageReturn ? next - 1 : next;
    lines.push(readLine(bytes.subarray(start, end), end - start, maxBytes));
    start = next + 1;
  }
}

/** Reads one line of `length` bytes, of which `start` holds all or, of a long one, more than `maxBytes`. */
function readLine(start: Buffer, length: number, maxBytes: number): string | BadLine {
  const bad = (reason: string): BadLine => {
    return { reason, bytes: length, head: start.toString('utf8', 0, Math.min(headBytes, maxBytes)) };
  };
  if (length > maxBytes) return bad(`longer than ${maxBytes} bytes`);
  if (!isUtf8(start)) return bad('not UTF-8');
  if (start.includes(0)) return bad('binary: it holds a NUL');
  return start.toString('utf8');
}
