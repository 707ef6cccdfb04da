import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportPublishOptions,
} from '../transport/transport.ts';
import { withMembers } from './with-members.ts';

/**
 * A spell of bad weather for publishes. `refuse`: they fail with a TransportError and reach nobody. `unknown`: they
 * reach everybody, and fail all the same, as when the answer of a server is lost. `slow`: they resolve after
 * `delayMs`. `duplicate`: everybody gets them twice.
 */
export interface FaultSpell {
  readonly fault: 'refuse' | 'unknown' | 'slow' | 'duplicate';
  /** Milliseconds from the start of the bus. */
  readonly fromMs: number;
  readonly lastsMs: number;
  readonly delayMs?: number;
}

/** Which faults come when. Where spells overlap, the first in the list counts. `anyFaultPlan` draws one. */
export type FaultPlan = readonly FaultSpell[];

/**
 * Makes a transport fail as planned: `createTestBus({ transport: withFaults(memoryTransport(), plan) })`.
 *
 * For code that publishes and must live with failures. Deliveries are left alone.
 */
export function withFaults(factory: TransportFactory, plan: FaultPlan): TransportFactory {
  return (ports) => {
    const transport = factory(ports);
    const start = ports.clock.monotonic();
    const publish = (events: readonly EventEnvelope[], options?: TransportPublishOptions) => {
      const at = ports.clock.monotonic() - start;
      const spell = plan.find(({ fromMs, lastsMs }) => at >= fromMs && at < fromMs + lastsMs);
      return spell === undefined
        ? transport.publish(events, options)
        : publishInSpell(transport, spell, ports.clock, events, options);
    };
    return withMembers(transport, { publish });
  };
}

async function publishInSpell(
  transport: Transport,
  { fault, delayMs = 0 }: FaultSpell,
  clock: Clock,
  events: readonly EventEnvelope[],
  options?: TransportPublishOptions,
): Promise<Published> {
  if (fault === 'refuse') throw new TransportError('refused, as planned: nothing was published');
  const published = await transport.publish(events, options);
  if (fault === 'unknown') throw new TransportError('the answer was lost, as planned: the events went out');
  if (fault === 'duplicate') await transport.publish(events, options);
  if (fault === 'slow') await new Promise<void>((resolve) => void clock.setTimeout(resolve, delayMs));
  return published;
}
