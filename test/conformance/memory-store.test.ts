import { memoryStore } from '../../src/log/memory-store.ts';
import { holdStore } from '../support/hold-store.ts';

const factory = memoryStore();

holdStore(
  {
    name: 'memoryStore',
    features: { level: 'accepted', durable: false, dense: true },
    at: () => factory,
  },
  200,
);
