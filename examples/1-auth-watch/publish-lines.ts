import type { Bus, PublishReceipt } from 'breakwater';
import { authAbuse, authAccepted, authFailed, authOther, authUnknownUser, undecodable } from './events.ts';
import type { AuthLine, Dialect } from './parse/auth-line.ts';
import { copyText } from './parse/copy-text.ts';
import { createLineParser } from './parse/line-parser.ts';
import type { BadLine } from './read/line-splitter.ts';

/** The publisher of one log. Lines must come in the order of the log. */
export interface LinePublisher {
  /** Publishes a line as one event, in the lane of its severity, at the time of the log. */
  publish(line: string | BadLine): Promise<PublishReceipt>;
  /** Passes over a line that was published in an earlier run. */
  pass(line: string | BadLine): void;
}

/** Makes the publisher of one log. */
export function createLinePublisher(bus: Bus, dialect: Dialect): LinePublisher {
  const parse = createLineParser(dialect);
  let number = 0;

  return {
    publish(line) {
      number += 1;
      if (typeof line !== 'string') return bus.publish(undecodable, { line: number, ...line });
      const parsed = parse(line);
      if (typeof parsed !== 'string') return publishParsed(bus, parsed);
      const head = copyText(line.slice(0, 200));
      return bus.publish(undecodable, { line: number, reason: parsed, bytes: Buffer.byteLength(line), head });
    },
    pass(line) {
      number += 1;
      // The years of the lines after it are told from its stamp.
      if (typeof line === 'string') parse(line);
    },
  };
}

function publishParsed({ publish }: Bus, line: AuthLine): Promise<PublishReceipt> {
  const { time, priority } = line;
  switch (line.kind) {
    case 'failed': {
      const { ip, user, attempts } = line;
      return publish(authFailed, { ip, user, attempts }, { time, priority });
    }
    case 'accepted': {
      const { ip, user, method } = line;
      return publish(authAccepted, { ip, user, method }, { time, priority });
    }
    case 'unknown-user': {
      const { ip, user } = line;
      return publish(authUnknownUser, { ip, user }, { time, priority });
    }
    case 'abuse':
      return publish(authAbuse, { message: line.message }, { time, priority });
    case 'other':
      return publish(authOther, { program: line.program, message: line.message }, { time, priority });
  }
}
