import { SimulatedDisk } from '../../src/testing/simulation/simulated-disk.ts';
import { simulatedStore } from '../../src/testing/simulation/simulated-store.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import type { StoreFactory } from '../../src/store.ts';
import { holdStore } from '../support/hold-store.ts';

/** Stores at places: what is opened again at a place finds its disk. */
function disks(level: 'durable' | 'buffered'): (place: string) => StoreFactory {
  const made = new Map<string, SimulatedDisk>();
  return (place) => (ports) => {
    const disk = made.get(place) ?? new SimulatedDisk({ clock: ports.clock, random: seededRandom(1), level });
    made.set(place, disk);
    return simulatedStore(disk)(ports);
  };
}

holdStore(
  {
    name: 'simulatedStore',
    features: { level: 'disk', durable: true, dense: true },
    at: disks('durable'),
  },
  100,
);

holdStore(
  {
    name: 'simulatedStore, buffered',
    features: { level: 'os', durable: true, dense: true },
    at: disks('buffered'),
  },
  100,
);
