// Drawing takes time in proportion to the graph. What is counted is how often each block of the code that draws runs, by V8's own
// counters, which no busy machine changes. They count only in code that is loaded after them: hence the import below.

import { Session } from "node:inspector/promises";
import type { Tensor } from "clew";
import { afterAll, expect, it } from "vitest";

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
const { add, dim, grad, graph, input, matmul, mean, parameter, softplus, stack, sum, tanh, toDot, unroll, zeros } = await import("clew");
afterAll(() => {
  session.disconnect();
});

/** How often blocks of src/export run while something is drawn. */
async function counted(draw: () => unknown): Promise<number> {
  await session.post("Profiler.takePreciseCoverage"); // from zero
  draw();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const ranges = result.filter(({ url }) => url.includes("/src/export/")).flatMap(({ functions }) => functions.flatMap((f) => f.ranges));
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

const hidden = dim("hidden", 2);
type State = Tensor<readonly [typeof hidden]>;
const x = () => input("x", [hidden]);
const many = <A>(n: number, of: (i: number) => A): readonly A[] => Array.from({ length: n }, (_, i) => of(i));
const added = (terms: readonly State[]): State => terms.reduce((a, b) => add(a, b));

const nets: { readonly [net: string]: (n: number) => Tensor } = {
  "a chain": (n) => mean(many(n, () => 0).reduce<State>((a) => tanh(a), x())),
  "a chain with a parameter a link": (n) =>
    mean(many(n, (i) => parameter(`b${i}`, [hidden])).reduce<State>((a, b) => tanh(add(a, b)), x())),
  "a chain with an input a link": (n) => mean(many(n, (i) => input(`x${i}`, [hidden])).reduce<State>((a, b) => add(tanh(a), b), x())),
  "a sum of terms that share an input": (n) => {
    const shared = x();
    return mean(added(many(n, () => tanh(shared))));
  },
  "a sum of composites that share an input": (n) => {
    const shared = x();
    return mean(added(many(n, () => softplus(shared))));
  },
  "inputs in one tensor": (n) =>
    mean(
      tanh(
        stack(
          many(n, (i) => input(`x${i}`, [hidden])),
          dim("all", n),
        ),
      ),
    ),
  "a chain before the steps": (n) => {
    const W = parameter("W", [hidden, hidden]);
    let over = input("x", [dim("time", 4), hidden]);
    for (let i = 0; i < n; i++) over = tanh(over) as typeof over;
    const { final } = unroll((h: State, x_t: State) => ({ state: tanh(add(matmul(h, W), x_t)), output: h }), {
      over,
      from: zeros([hidden]),
    });
    return mean(final);
  },
  "steps, all of them shown": (n) => {
    const [W, over] = [parameter("W", [hidden, hidden]), input("x", [dim("time", n), hidden])];
    const { outputs } = unroll((h: State, x_t: State) => ({ state: tanh(add(matmul(h, W), x_t)), output: h }), {
      over,
      from: zeros([hidden]),
    });
    return sum(outputs);
  },
};

const views = ["folded", "unrolled", "backward"] as const;

it.each(Object.keys(nets).flatMap((name) => views.map((view) => [name, view] as const)))("%s: %s, in linear time", async (name, view) => {
  const countOf = async (n: number): Promise<number> => {
    const loss = nets[name]!(n);
    const leaves = graph(loss).inputs.filter((i) => i.dtype === "float");
    const net = graph({ loss, gradient: grad(loss, Object.fromEntries(leaves.map((leaf, i) => [i, leaf])) as { readonly 0: Tensor }) });
    return await counted(() => toDot(net, { view, steps: n }));
  };
  const [once, eightTimes] = [await countOf(100), await countOf(800)];
  expect(once).toBeGreaterThan(1000);
  expect(eightTimes / once).toBeLessThan(9);
});
