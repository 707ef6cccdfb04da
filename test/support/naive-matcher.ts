import type { FlinkPattern, FlinkStage, TaggedEvent } from './flink-patterns.ts';

/** One event of a match: which, and as the how-manieth of which stage. */
interface Take {
  readonly at: number;
  readonly stage: number;
  readonly count: number;
}

/**
 * The matches of a pattern by trying every assignment of events to stages: exponential, for small inputs.
 *
 * It knows no runs. It asks of each pair of events that follow each other in a match whether what lies
 * between them is allowed. Events are ids, in the order of the match.
 */
export function naiveMatches(given: FlinkPattern, events: readonly TaggedEvent[]): string[] {
  const { pattern, within_ms: within = Infinity, skip } = given;
  const matches: (readonly Take[])[] = [];

  const extend = (takes: readonly Take[]): void => {
    if (isComplete(takes)) matches.push(takes);
    const next = takes.length === 0 ? 0 : lastOf(takes).at + 1;
    for (let at = next; at < events.length; at += 1) {
      for (const { stage, count } of successors(takes)) {
        const take = { at, stage, count };
        if (follows(takes, take)) extend([...takes, take]);
      }
    }
  };

  const lastOf = (takes: readonly Take[]): Take => takes.at(-1) as Take;
  const stageAt = (index: number): FlinkStage => pattern[index] as FlinkStage;
  const eventAt = (index: number): TaggedEvent => events[index] as TaggedEvent;
  const fits = (at: number, { tag }: FlinkStage): boolean => tag === '*' || eventAt(at).tags.includes(tag);
  const least = ({ times = [1, 1] }: FlinkStage): number => Math.max(times[0], 1);
  const most = ({ times = [1, 1] }: FlinkStage): number => times[1] ?? Infinity;
  const mayBeLeftOut = ({ times = [1, 1] }: FlinkStage): boolean => times[0] === 0;

  /** Stages after `from` up to the first that takes events and may not be left out. */
  function ahead(from: number): number[] {
    const indexes: number[] = [];
    for (let index = from + 1; index < pattern.length; index += 1) {
      indexes.push(index);
      if (stageAt(index).not !== true && !mayBeLeftOut(stageAt(index))) break;
    }
    return indexes;
  }

  function successors(takes: readonly Take[]): { stage: number; count: number }[] {
    const from = takes.at(-1);
    const enter = ahead(from?.stage ?? -1).filter((index) => stageAt(index).not !== true);
    const entered = enter.map((stage) => ({ stage, count: 1 }));
    if (from === undefined) return entered;
    const { stage, count } = from;
    const again = count < most(stageAt(stage)) ? [{ stage, count: count + 1 }] : [];
    return count < least(stageAt(stage)) ? again : [...again, ...entered];
  }

  function follows(takes: readonly Take[], take: Take): boolean {
    if (!fits(take.at, stageAt(take.stage))) return false;
    const [first] = takes;
    if (first === undefined) return true;
    if (eventAt(take.at).ts - eventAt(first.at).ts >= within) return false;
    const from = lastOf(takes);
    const { after, inner = 'relaxed' } = stageAt(take.stage);
    const contiguity = take.stage === from.stage ? inner : after;
    const between = indexesBetween(from.at, take.at);
    if ((contiguity === 'next' || contiguity === 'strict') && between.length > 0) return false;
    const mayPass = contiguity === 'any' || contiguity === 'followedByAny';
    if (!mayPass && between.some((at) => fits(at, stageAt(take.stage)))) return false;
    return [...between, take.at].every((at) => !isForbidden(from, at));
  }

  function isForbidden(from: Take, at: number): boolean {
    if (from.count < least(stageAt(from.stage))) return false;
    return ahead(from.stage)
      .map(stageAt)
      .filter((stage) => stage.not === true && (stage.after === 'notFollowedBy' || at === from.at + 1))
      .some((stage) => fits(at, stage));
  }

  function isComplete(takes: readonly Take[]): boolean {
    const [first] = takes;
    if (first === undefined) return false;
    const from = lastOf(takes);
    if (from.count < least(stageAt(from.stage))) return false;
    const rest = ahead(from.stage).map(stageAt);
    if (rest.some((stage) => stage.not !== true && !mayBeLeftOut(stage))) return false;

    const lastTaking = pattern.findLastIndex((stage) => stage.not !== true);
    const trailing = pattern.slice(lastTaking + 1);
    const inTime = (at: number): boolean => eventAt(at).ts - eventAt(first.at).ts < within;
    const later = events.map((_event, at) => at).filter((at) => at > from.at && inTime(at));
    if (trailing.some((stage) => stage.after === 'notFollowedBy'))
      return later.every((at) => !isForbidden(from, at));
    const [next] = later;
    return trailing.length === 0 || (next === from.at + 1 && !isForbidden(from, next));
  }

  function skipped(all: (readonly Take[])[]): (readonly Take[])[] {
    const { mode = 'none', to = '' } = skip ?? {};
    if (mode === 'none') return all;
    const kept: (readonly Take[])[] = [];
    let waiting = all.toSorted(byStartThenCompletion);
    while (waiting.length > 0) {
      const [match = [], ...others] = waiting;
      kept.push(match);
      const named = match.filter(({ stage }) => stageAt(stage).name === to);
      const target = mode === 'toFirst' ? named[0]?.at : named.at(-1)?.at;
      waiting = others.filter(([first]) => {
        const start = first?.at ?? 0;
        if (mode === 'next') return start !== match[0]?.at;
        if (mode === 'pastLast') return start > (match.at(-1)?.at ?? 0);
        return target === undefined || start >= target;
      });
    }
    return kept;
  }

  extend([]);
  return skipped(matches).map((takes) => takes.map(({ at }) => eventAt(at).id).join(' '));
}

function indexesBetween(from: number, to: number): number[] {
  return Array.from({ length: to - from - 1 }, (_, index) => from + 1 + index);
}

/** In the order they began; of those in the order they were complete; of those, that which took first. */
function byStartThenCompletion(a: readonly Take[], b: readonly Take[]): number {
  const start = (a[0]?.at ?? 0) - (b[0]?.at ?? 0);
  const completion = (a.at(-1)?.at ?? 0) - (b.at(-1)?.at ?? 0);
  if (start !== 0) return start;
  if (completion !== 0) return completion;
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [left, right] = [a[index] as Take, b[index] as Take];
    if (left.at !== right.at) return left.at - right.at;
    if (left.stage !== right.stage) return left.stage - right.stage;
  }
  return 0;
}
