import type { DeliveryParts } from '../../../src/testing/simulation/delivery-run.ts';
import * as actors from './actors.ts';
import * as deliveries from './deliveries.ts';
import * as stores from './stores.ts';

/** A bug, and the laws of which one is to find it. */
export interface PlantedBug {
  readonly bug: string;
  readonly laws: RegExp;
  readonly parts: Partial<DeliveryParts>;
}

const { tellsTooEarly, writesAgain } = stores;

/** Disks, stores, transports and breakers, each with one thing wrong. */
export const deliveryBugs: readonly PlantedBug[] = [
  {
    bug: 'skips the sync',
    laws: /acknowledged is lost/,
    parts: { disk: { level: 'buffered' }, store: stores.skipsSync },
  },
  { bug: 'reads torn commits', laws: /all or nothing/, parts: { disk: { tornCommits: 'read' } } },
  { bug: 'a place skips one', laws: /never skips/, parts: { store: stores.placeSkipsOne } },
  { bug: 'a place forgets what is open', laws: /never skips/, parts: { store: stores.placeForgetsOpen } },
  {
    bug: 'a place takes what was tried for done',
    laws: /never skips|place/,
    parts: { store: stores.placeTakesTriedForDone },
  },
  { bug: 'acknowledges failures', laws: /is in the log/, parts: { store: stores.acknowledgesFailures } },
  { bug: 'writes again what is unknown', laws: /exactly once/, parts: { store: writesAgain } },
  { bug: 'positions off by one', laws: /is in the log/, parts: { store: stores.positionOffByOne } },
  { bug: 'splits batches', laws: /all or nothing/, parts: { store: stores.splitsBatches } },
  {
    bug: 'tells nobody of an append',
    laws: /conserved|settled in the end/,
    parts: { store: stores.forgetsToTell },
  },
  { bug: 'tells before it commits', laws: /committed|conserved|skips/, parts: { store: tellsTooEarly } },
  {
    bug: 'reads one too few',
    laws: /conserved|in the end|order|skips/,
    parts: { store: stores.readsOneTooFew },
  },
  {
    bug: 'settles before the handler',
    laws: /conserved|order|skips/,
    parts: { transport: deliveries.acksBeforeHandler },
  },
  { bug: 'loses retries', laws: /conserved|skips|order/, parts: { transport: deliveries.losesRetries } },
  { bug: 'retries twice', laws: /twice|attempts|conserved/, parts: { transport: deliveries.retriesTwice } },
  { bug: 'forgets attempts', laws: /attempts/, parts: { transport: deliveries.forgetsAttempts } },
  {
    bug: 'gives an event twice',
    laws: /twice|concurrency|conserved/,
    parts: { transport: deliveries.givesTwice },
  },
  { bug: 'drops events unseen', laws: /conserved|skips|order/, parts: { transport: deliveries.dropsUnseen } },
  { bug: 'keeps no order', laws: /order/, parts: { transport: deliveries.keepsNoOrder } },
  {
    bug: 'takes total order for order by key',
    laws: /order/,
    parts: { transport: deliveries.keepsLessOrder },
  },
  { bug: 'starves lanes', laws: /starves/, parts: { transport: deliveries.starvesLanes } },
  { bug: 'drops events uncounted', laws: /conserved|skips/, parts: { transport: deliveries.dropsUncounted } },
  {
    bug: 'begins at the end of the log',
    laws: /conserved|in the end|order|skips/,
    parts: { transport: deliveries.keepsNoPlace },
  },
  { bug: 'a window off by one', laws: /breaker/, parts: { actor: actors.windowOffByOne } },
  { bug: 'a rate window off by one', laws: /breaker/, parts: { actor: actors.rateWindowOffByOne } },
  { bug: 'one trial more', laws: /breaker/, parts: { actor: actors.oneTrialMore } },
  { bug: 'open too short', laws: /breaker/, parts: { actor: actors.opensTooShort } },
  { bug: 'never backs off', laws: /breaker/, parts: { actor: actors.neverBacksOff } },
  { bug: 'one call more', laws: /concurrency/, parts: { actor: actors.oneCallMore } },
  { bug: 'ignores the breaker', laws: /breaker/, parts: { actor: actors.ignoresBreaker } },
  { bug: 'forgets the epoch', laws: /breaker/, parts: { actor: actors.forgetsEpoch } },
  { bug: 'loses failures', laws: /breaker/, parts: { actor: actors.losesFailures } },
  { bug: 'resets credits', laws: /concurrency/, parts: { actor: actors.resetsCredits } },
];
