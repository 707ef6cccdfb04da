import { describe, expect, it } from 'vitest';
import { WaitGraph } from '../../src/wait-graph.ts';

const node = (running: number): { readonly running: number } => ({ running });

describe('WaitGraph', () => {
  it('finds a node whose only call waits for that node', () => {
    const graph = new WaitGraph();
    const one = node(1);

    expect(graph.enter(one, {}, [one])).toBe(false);
  });

  it('lets a call wait for its own node while another call there can still end', () => {
    const graph = new WaitGraph();
    const two = node(2);

    expect(graph.enter(two, { first: true }, [two])).toBe(true);
    expect(graph.enter(two, { second: true }, [two])).toBe(false);
  });

  it('finds a circle through other nodes', () => {
    const graph = new WaitGraph();
    const [a, b, c] = [node(1), node(1), node(1)];

    expect(graph.enter(a, {}, [b])).toBe(true);
    expect(graph.enter(b, {}, [c])).toBe(true);
    expect(graph.enter(c, {}, [a])).toBe(false);
  });

  it('takes a node for free as long as one of its calls waits for nobody in the circle', () => {
    const graph = new WaitGraph();
    const [a, b] = [node(1), node(2)];

    expect(graph.enter(b, {}, [a])).toBe(true);
    expect(graph.enter(a, {}, [b])).toBe(true);
  });

  it('forgets a wait that is over, and one that it refused', () => {
    const graph = new WaitGraph();
    const [a, b] = [node(1), node(1)];
    const call = {};
    graph.enter(a, call, [b]);

    graph.leave(a, call, b);
    expect(graph.enter(b, {}, [a])).toBe(true);
    expect(graph.enter(a, call, [b])).toBe(false);
    expect(graph.enter(a, call, [node(1)])).toBe(true);
  });
});
