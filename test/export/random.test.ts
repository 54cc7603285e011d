// Any graph can be drawn: random nets, with cells in cells, masks, both directions, several losses, gradients of gradients.

import {
  add,
  concat,
  constant,
  dim,
  dropout,
  grad,
  graph,
  index,
  input,
  layerNorm,
  lengthMask,
  matmul,
  mean,
  meanSquaredError,
  mul,
  parameter,
  relu,
  sigmoid,
  slice,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  toDot,
  transpose,
  unroll,
  where,
  zeros,
} from "clew";
import fc from "fast-check";
import { expect, it } from "vitest";
import { renderSvg } from "../../scripts/render-svg.ts";
import { parsed } from "./parse.ts";

const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const half = dim("half", 2);
const both = dim("both", 6);
type State = Tensor<readonly [typeof batch, typeof hidden]>;

/** Draws choices from a list of numbers, 0 when they are used up: shrinking then gives small graphs. */
function chooser(choices: readonly number[]): (n: number) => number {
  let next = 0;
  return (n) => (choices[next++] ?? 0) % n;
}

function build(choices: readonly number[]): unknown {
  const choose = chooser(choices);
  let made = 0;
  const fresh = (name: string) => `${name}${++made}`;
  const lengths = input("lengths", [batch], "int");
  const weights: Tensor[] = [];
  const weight = () => {
    const W = parameter(fresh("W"), [hidden, hidden]);
    weights.push(W);
    return W;
  };
  const leaf = (): State => (choose(2) === 0 ? input(fresh("x"), [batch, hidden]) : zeros([batch, hidden]));

  const expression = (depth: number, known: readonly State[]): State => {
    if (depth <= 0) return known[choose(known.length)]!;
    const a = () => expression(depth - 1, known);
    switch (choose(16)) {
      case 0:
        return add(a(), a());
      case 1:
        return tanh(add(matmul(a(), weight()), matmul(a(), weight())));
      case 2:
        return mul(sigmoid(a()), a());
      case 3:
        return sub(1, a());
      case 4:
        return layerNorm(a(), -1);
      case 5:
        return softmax(a(), -1);
      case 6:
        return add(relu(a()), parameter(fresh("b"), [hidden]));
      case 7: {
        const W = parameter(fresh("W"), [both, hidden]);
        weights.push(W);
        return matmul(concat([a(), hidden], [a(), hidden], both), W);
      }
      case 8:
        return dropout(a(), 0.5, fresh("drop"));
      case 9:
        return stopGradient(a());
      case 10:
        return where(constant([true, false, true], [hidden], "bool"), a(), 0) as State;
      case 11: {
        const W = parameter(fresh("W"), [half, hidden]);
        weights.push(W);
        return matmul(slice(a(), hidden, half, 0) as unknown as Tensor<readonly [typeof batch, typeof half]>, W);
      }
      case 12:
        return transpose(transpose(a())) as State;
      case 13: {
        const time = dim(`time${made++}`, 1 + choose(7));
        const mask = choose(2) === 0 ? {} : { mask: lengthMask(lengths, time) };
        const below = choose(2) === 0 ? input(fresh("x"), [time, batch, hidden]) : lower(time, depth, known);
        const { outputs, final } = unroll(
          (h: State, x_t: State) => ({ state: expression(depth - 1, [h, x_t, ...known]), output: expression(1, [h, x_t]) }),
          { over: below, from: a(), reverse: choose(2) === 0, ...mask },
        );
        return choose(2) === 0 ? (final as State) : (index(outputs as Tensor, time, choose(time.size)) as State);
      }
      case 14: {
        const time = dim(`steps${made++}`, 2 + choose(3));
        const { final } = unroll(
          ({ h, c }: { h: State; c: State }) => ({ state: { h: expression(depth - 1, [h, c]), c: add(h, c) }, output: h }),
          { steps: time, from: { h: a(), c: leaf() } },
        );
        return final.h as State;
      }
      default:
        return leaf();
    }
  };
  const lower = (time: ReturnType<typeof dim>, depth: number, known: readonly State[]) =>
    unroll((h: State, x_t: State) => ({ state: add(h, x_t), output: expression(depth - 1, [h, x_t]) }), {
      over: input(fresh("x"), [time, batch, hidden]),
      from: known[0]!,
    }).outputs as Tensor<readonly [typeof time, typeof batch, typeof hidden]>;

  const net = expression(1 + choose(4), [input("x", [batch, hidden]), zeros([batch, hidden])]);
  const loss = choose(2) === 0 ? mean(net) : meanSquaredError(net, input("target", [batch, hidden]));
  const wrt = Object.fromEntries(weights.map((w, i) => [`w${i}`, w]));
  const gradient = grad(loss, wrt as { readonly w0: Tensor }, { unreached: "zero" });
  switch (choose(4)) {
    case 0:
      return loss;
    case 1:
      return { loss, gradient };
    case 2:
      return { gradient, net };
    default: {
      const squares = Object.values(gradient as Record<string, Tensor>).map((g) => sum(mul(g, g)));
      return {
        loss,
        gradient,
        second: grad(
          squares.reduce((a, b) => add(a, b), mean(net)),
          wrt as { readonly w0: Tensor },
          { unreached: "zero" },
        ),
      };
    }
  }
}

it("any graph can be drawn", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1000), { maxLength: 60, size: "max" }), async (choices) => {
      const net = graph(build(choices));
      for (const view of ["folded", "unrolled", "backward"] as const) {
        const dot = toDot(net, { view, steps: 4 });
        expect(toDot(graph(build(choices)), { view, steps: 4 })).toBe(dot);
        const { boxes, edges } = parsed(dot);
        for (const { from, to } of edges) expect([boxes.has(from), boxes.has(to)]).toEqual([true, true]);
        expect(dot).not.toMatch(/NaN|Infinity|undefined|pos="[^"]*e[^"]*"/);
        expect(await renderSvg(dot)).toContain("</svg>");
      }
    }),
    { numRuns: 100, seed: 7 },
  );
});
