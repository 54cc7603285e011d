// A gradient that is truly wrong is never excused: every rule below is broken on purpose, inside an unrolled net, and must be found, with the
// parameter, and the time step where there is one.

import {
  add,
  type Binary,
  checkGradients,
  defineOp,
  dim,
  type GradientReport,
  input,
  matmul,
  meanSquaredError,
  type Node,
  type Op,
  parameter,
  sigmoid,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  type Unary,
  unroll,
  where,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";
import type { Algebra } from "../../src/graph/algebra.ts";
import { recordOf } from "../../src/graph/make.ts";
import { hasDerivative } from "../../src/graph/node.ts";
import { contractOp } from "../../src/ops/contract.ts";
import { batch, hidden, label, rnn, type State, sines, time, word } from "./nets.ts";

type At = Parameters<Extract<Op["vjp"], (...args: never[]) => unknown>>[0];
type Rule = (at: At, m: Algebra<Node>) => readonly (Node | undefined)[];

/** The op with its reverse rule replaced; `right` is the rule as it should be. */
function broken(of: unknown, rule: (right: Rule, at: At, m: Algebra<Node>) => readonly (Node | undefined)[]): Op {
  const op = recordOf(of)!;
  const right = op.vjp;
  if (!hasDerivative(right)) throw new Error(`${op.name} has no rule to break`);
  return { ...op, vjp: (at, m) => rule(right, at, m) };
}

const timesCotangent =
  (factor: number) =>
  (right: Rule, at: At, m: Algebra<Node>): readonly (Node | undefined)[] =>
    right({ ...at, cotangent: m.mul(at.cotangent, m.constant(factor)) }, m);

const stepOf = (at: At): number | undefined => at.node.origin.step?.t;

function failing(report: GradientReport): readonly string[] {
  return report.parameters.filter((p) => p.failures > 0).map((p) => p.parameter);
}

function verdictOf(net: { readonly loss: Tensor; readonly feeds: Record<string, never> | object }, order: 1 | 2 = 1): GradientReport {
  return checkGradients(net.loss, { feeds: net.feeds as never, seed: 3, order });
}

/** [..., k]·[k, n] as one op of its own, so that its rule may be broken. */
const product = (rule: Parameters<typeof broken>[1]): ((h: State, W: Tensor) => State) => {
  const right = contractOp.vjp as Rule;
  return defineOp<(h: State, W: Tensor) => State>({
    ...contractOp,
    vjp: (at, m) => rule(right, at, m),
    arity: 2,
    attributes: () => ({ summed: [[1, 0]], batch: [] }),
  });
};

describe("a wrong rule fails", () => {
  for (const [what, factor] of [
    ["sign", -1],
    ["factor 2", 2],
    ["off by 1e-4", 1 + 1e-4],
    ["off by 1e-6", 1 + 1e-6],
  ] as const) {
    test(what, () => {
      const report = verdictOf(rnn({ activation: defineOp<Unary>(broken(tanh, timesCotangent(factor))) }));
      expect(report.verdict).toBe("fail");
      // all that goes through the activation is wrong, and nothing else
      expect(failing(report)).toEqual(["U", "W", "b"].filter((p) => failing(report).includes(p)));
      expect(failing(report).length).toBe(3);
      // through each of up to four activations the factor is once more in
      expect(report.maxRelativeError).toBeGreaterThan(0.3 * Math.abs(1 - factor));
      expect(report.worst?.step).toMatch(/^time = \d$/);
    });
  }

  test("a missing term", () => {
    const join = defineOp<Binary<"add">>(broken(add, (right, at, m) => [right(at, m)[0], undefined]));
    const report = verdictOf(rnn({ join }));
    expect(report.verdict).toBe("fail");
    expect(failing(report)).toContain("W");
    expect(report.parameters.find((p) => p.parameter === "W")?.worst?.derived).toBe(0);
    expect(failing(report)).not.toContain("V");
  });

  test("one operand's term missing altogether", () => {
    const report = verdictOf(rnn({ recurrent: product((right, at, m) => [right(at, m)[0], undefined]) }));
    expect(report.verdict).toBe("fail");
    expect(failing(report)).toEqual(["W"]);
    expect(report.worst?.parameter).toBe("W");
    expect(report.worst?.relativeError).toBe(1);
  });

  test("W transposed", () => {
    const recurrent = product((right, at, m) => {
      const own = right(at, m);
      return [m.contract(at.cotangent, at.inputs[1]!, { summed: [[1, 0]], batch: [] }), own[1]];
    });
    const report = verdictOf(rnn({ recurrent }));
    expect(report.verdict).toBe("fail");
    expect([...failing(report)].sort()).toEqual(["U", "W", "b"]);
    // the last step's own term does not go through W, so it is right
    const last = report.worst?.steps?.find((s) => s.step === "time = 3");
    expect(last?.absoluteError).toBeLessThan(1e-9);
    expect(report.worst?.step).not.toBe("time = 3");
  });

  test("one time step dropped", () => {
    for (const t of [1, 2, 3]) {
      const recurrent = product((right, at, m) => (stepOf(at) === t ? [right(at, m)[0], undefined] : right(at, m)));
      const report = verdictOf(rnn({ recurrent }));
      expect(report.verdict).toBe("fail");
      expect(failing(report)).toEqual(["W"]);
      expect(report.worst?.step).toBe(`time = ${t}`);
      const wrong = report.worst?.steps?.filter((s) => s.absoluteError > 1e-9).map((s) => s.step);
      expect(wrong).toEqual([`time = ${t}`]);
    }
  });

  test("wrong only at t = 0", () => {
    const activation = defineOp<Unary>(
      broken(tanh, (right, at, m) => (stepOf(at) === 0 ? timesCotangent(1.01)(right, at, m) : right(at, m))),
    );
    const report = verdictOf(rnn({ activation }));
    expect(report.verdict).toBe("fail");
    // W is multiplied by the first state, 0, there: its gradient is right
    expect([...failing(report)].sort()).toEqual(["U", "b"]);
    expect(report.worst?.step).toBe("time = 0");
  });

  describe("wrong only at masked steps", () => {
    const carry = (choose: typeof where) => (mask: readonly (readonly number[])[]) => {
      const U = parameter("U", [word, hidden]);
      const W = parameter("W", [hidden, hidden]);
      const x = input("x", [time, batch, word]);
      const real = input("real", [time, batch], "bool");
      const { final } = unroll(
        (h: State, { x_t, now }) => {
          const h_t = choose(now, tanh(add(matmul(x_t, U), matmul(h, W))), h);
          return { state: h_t, output: h_t };
        },
        { over: { x_t: x, now: real }, from: zeros([batch, hidden]) },
      );
      const target = input("target", [batch, hidden]);
      return { loss: meanSquaredError(final, target), feeds: { x: sines(36), target: sines(12, 2), real: mask } };
    };
    const all = time.size;
    const lengths = (ns: readonly number[]) => Array.from({ length: all }, (_, t) => ns.map((n) => (t < n ? 1 : 0)));
    const drops = defineOp<typeof where>(broken(where, (right, at, m) => [...right(at, m).slice(0, 2), undefined]));
    const leaks = defineOp<typeof where>(broken(where, (right, at, m) => [...right(at, m).slice(0, 2), at.cotangent]));

    test("the state's gradient is lost where the step is masked", () => {
      const report = verdictOf(carry(drops)(lengths([4, 3, 2])));
      expect(report.verdict).toBe("fail");
      expect([...failing(report)].sort()).toEqual(["U", "W"]);
      expect(report.worst?.step).not.toBe("time = 3"); // what is masked lies behind the steps that lose their gradient
      expect(verdictOf(carry(drops)(lengths([4, 4, 4]))).verdict).toBe("pass"); // nothing masked: nothing wrong
    });
    test("the gradient leaks where the step is not masked", () => {
      expect(verdictOf(carry(leaks)(lengths([4, 3, 2]))).verdict).toBe("fail");
    });
    test("and the right one passes", () => {
      expect(verdictOf(carry(where)(lengths([4, 3, 2]))).verdict).toBe("pass");
    });
  });

  test("Jacobians multiplied in the wrong order", () => {
    const square = { summed: [[1, 0]], batch: [] } as const;
    const transposed = { summed: [[1, 1]], batch: [] } as const;
    const twice = (order: "right" | "wrong") =>
      defineOp<(h: State, a: Tensor, b: Tensor) => State>({
        name: "twice",
        doc: "(h·A)·B.",
        infer: ([h]) => ({ shape: h!.shape, dtype: "float" }),
        evaluate: ([h, a, b], at) => {
          const first = contractOp.evaluate([h!, a!], { ...at, attributes: square });
          return contractOp.evaluate([{ ...h!, data: first as Float64Array }, b!], { ...at, attributes: square });
        },
        vjp: ({ inputs, cotangent: c }, m) => {
          const [h, a, b] = inputs as [Node, Node, Node];
          const [first, second] = order === "right" ? [b, a] : [a, b];
          const ofProduct = m.contract(c, b, transposed);
          return [
            m.contract(m.contract(c, first, transposed), second, transposed),
            m.contract(h, ofProduct, { summed: [[0, 0]], batch: [] }),
            m.contract(m.contract(h, a, square), c, { summed: [[0, 0]], batch: [] }),
          ];
        },
        jvp: { none: "not needed here" },
      });
    for (const order of ["right", "wrong"] as const) {
      const B = parameter("B", [hidden, hidden]);
      const op = twice(order);
      const report = verdictOf(rnn({ recurrent: (h, W) => op(h, W, B) }));
      expect(report.verdict).toBe(order === "right" ? "pass" : "fail");
      if (order === "wrong") expect(failing(report)).not.toContain("V");
    }
  });

  test("a second derivative that is wrong where the first is right", () => {
    const op = recordOf(tanh)!;
    const frozen = defineOp<Unary>({
      ...op,
      // v·(1 − y²), with y taken as a constant: the derivative of the derivative is missing
      vjp: ({ cotangent, node }, m) => [m.mul(cotangent, m.sub(m.constant(1), heldSquare(m, node)))],
    });
    const first = verdictOf(rnn({ activation: frozen }));
    expect(first.verdict).toBe("pass");
    const second = verdictOf(rnn({ activation: frozen }), 2);
    expect(second.verdict).toBe("fail");
    expect(second.parameters.filter((p) => p.order === 1 && p.failures > 0)).toEqual([]);
    expect(second.worst?.order).toBe(2);
    expect(second.worst?.place).toMatch(/^∂²\/∂/);
    expect(["U", "W", "b"]).toContain(second.worst?.parameter);
    expect(verdictOf(rnn(), 2).verdict).toBe("pass");
  });

  test("one element of a parameter that is too large to check element by element", () => {
    const vocabulary = dim("vocabulary", 700);
    const E = parameter("E", [vocabulary, hidden]);
    const spoiled = defineOp<<T extends Tensor>(a: T) => T>({
      name: "spoiled",
      doc: "a, with one element's derivative wrong.",
      infer: ([a]) => ({ shape: a!.shape, dtype: "float" }),
      evaluate: ([a]) => a!.data,
      vjp: ({ cotangent, inputs }, m) => {
        const at = m.and(
          m.equal(m.iota(inputs[0]!.shape, 0), m.cast(m.constant(123), "int")),
          m.equal(m.iota(inputs[0]!.shape, 1), m.cast(m.constant(2), "int")),
        );
        return [m.where(at, m.mul(cotangent, m.constant(1.01)), cotangent)];
      },
      jvp: ({ tangents }) => tangents[0],
    });
    const x = input("x", [batch, vocabulary]);
    const target = input("target", [batch, hidden]);
    const loss = meanSquaredError(sigmoid(matmul(x, spoiled(E))), target);
    const report = checkGradients(loss, { feeds: { x: sines(2100), target: sines(12) } });
    expect(report.parameters[0]?.checked).toBe("random directions");
    expect(report.verdict).toBe("fail");
    expect(report.worst?.place).toBe("E[123,2]");
  });

  test("what is wrong by a kink's side is wrong", () => {
    const relu = defineOp<Unary>({
      name: "relu",
      doc: "max(a, 0), whose derivative is the one of the other side.",
      formula: (m, a) => m.maximum(a!, m.constant(0)),
      derivative: [(m, v, [a]) => m.where(m.less(m.constant(0), a!), m.constant(0), v)],
      branch: (a) => Math.sign(a),
    });
    const report = verdictOf(rnn({ activation: relu }));
    expect(report.verdict).toBe("fail");
  });

  test("the label's own logit forgotten: a head without its last term", () => {
    const V = parameter("V", [hidden, label]);
    const h = input("h", [batch, hidden]);
    const y = input("y", [batch], "int");
    const product_ = product((right, at, m) => [right(at, m)[0], m.mul(right(at, m)[1]!, m.constant(0.5))]);
    const report = checkGradients(softmaxCrossEntropy(product_(h, V), y), { feeds: { h: sines(12), y: [0, 1, 0] } });
    expect(report.verdict).toBe("fail");
    expect(report.worst?.parameter).toBe("V");
    expect(report.worst?.step).toBeUndefined();
  });
});

function heldSquare(m: Algebra<Node>, node: Node): Node {
  // stopGradient's op, reached through the vocabulary as a user reaches it
  return m.mul(held(node), held(node));
}

const held = defineOp<(a: Node) => Node>({
  name: "held",
  doc: "a, constant when differentiated.",
  constant: true,
  infer: ([a]) => ({ shape: a!.shape, dtype: a!.dtype }),
  evaluate: ([a]) => a!.data,
  vjp: () => [undefined],
  jvp: () => undefined,
});
