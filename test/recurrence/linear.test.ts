// Building and differentiating is linear in the number of steps: counted in nodes, which no busy machine changes. bench/build.ts has the seconds.

import { add, dim, grad, graph, input, matmul, mean, parameter, type Tensor, tanh, unroll, zeros } from "clew";
import { expect, it } from "vitest";

const [batch, hidden] = [dim("batch", 2), dim("hidden", 2)] as const;

function nodes(steps: number, layers: number, each: boolean): number {
  const parameters: Record<string, Tensor> = {};
  let over = input("x", [dim("time", steps), batch, hidden]) as Tensor;
  let final = over;
  for (let n = 0; n < layers; n++) {
    const W = parameter(`W${n}`, [hidden, hidden]);
    parameters[`W${n}`] = W as Tensor;
    const cell = (h: Tensor, x_t: Tensor) => {
      const h_t = tanh(add(x_t, matmul(h, W))) as Tensor;
      return { state: h_t, output: h_t };
    };
    ({ outputs: over, final } = unroll(cell, { over, from: zeros([batch, hidden]) as Tensor }));
  }
  const loss = mean(each ? over : final) as Tensor<readonly []>;
  return graph({ loss, gradient: grad(loss, parameters) }).nodes.length;
}

it.each([
  [1, false],
  [1, true],
  [3, false],
  [3, true],
] as const)("%i layers, a loss at every step: %s", (layers, each) => {
  const [a, b, c] = [nodes(50, layers, each), nodes(100, layers, each), nodes(150, layers, each)];
  expect(c - b).toBe(b - a);
  expect((b - a) / 50 / layers).toBeLessThanOrEqual(20);
});

it("a thousand steps in three layers build and differentiate without a deep stack", () => {
  expect(nodes(1000, 3, true)).toBeGreaterThan(30_000);
});
