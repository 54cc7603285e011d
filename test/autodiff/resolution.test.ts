// What a numeric derivative can resolve, and what is said where it cannot: elements of very different size, fast and slow functions, huge losses,
// gradients below the noise.

import {
  add,
  checkGradients,
  defineOp,
  dim,
  div,
  exp,
  input,
  log,
  logSumExp,
  matmul,
  mul,
  neg,
  orthogonal,
  parameter,
  relu,
  sin,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
  type Unary,
  unroll,
  zeros,
} from "clew";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

type Checked = Parameters<typeof checkGradients>[0];
type Vector = Tensor;

function check(loss: (w: Vector) => unknown, values: readonly number[], options: Parameters<typeof checkGradients>[1] = {}) {
  const w = parameter("w", [dim("hidden", values.length)]);
  return checkGradients(loss(w as Vector) as Checked, { feeds: { w: values }, ...options });
}

/** sin, and tanh, with a derivative that is off by a factor. */
const sinTimes = (factor: number) =>
  defineOp<Unary>({
    name: "sin",
    doc: "sin a.",
    formula: (m, a) => m.sin(a!),
    derivative: [(m, v, [a]) => m.mul(m.constant(factor), m.mul(v, m.cos(a!)))],
  });
const tanhTimes = (factor: number) =>
  defineOp<Unary>({
    name: "tanh",
    doc: "tanh a.",
    formula: (m, a) => m.tanh(a!),
    derivative: [(m, v, _, y) => m.mul(m.constant(factor), m.mul(v, m.sub(m.constant(1), m.mul(y, y))))],
  });

/** Its operand, with a derivative that is off by 1e-4. */
const off = defineOp<Unary>({
  name: "same",
  doc: "a.",
  formula: (m, a) => m.mul(a!, m.constant(1)),
  derivative: [(m, v) => m.mul(m.constant(1 + 1e-4), v)],
});

describe("elements of very different size", () => {
  const cases: Readonly<Record<string, readonly [(w: Vector) => Vector, ...number[]]>> = {
    log: [log, 1, 1e-7, 1],
    "square root": [sqrt, 1, 1e-7, 1],
    "square root of 1e-20": [sqrt, 1, 1e-20, 1e10],
    tanh: [tanh, 1e7, 0.3, 1],
    sin: [sin, 1e6, 1e-8, 1],
    quotient: [(w) => div(1, w), 1, 1e-7, 1],
    "quotient of 1e-8 and 1e8": [(w) => div(1, w), 1, 1e-8, 1e8],
    exponential: [(w) => exp(neg(w)), 15903, 2.6, 30.4, 586661],
    bump: [(w) => exp(neg(mul(mul(w, 1e3), mul(w, 1e3)))), 1e-3, 5e-4, 1.3],
  };
  test.each(Object.entries(cases))("%s", (_, [f, ...values]) => {
    expect(check((w) => sum(f(w)), values, { order: 2 }).verdict).toBe("pass");
    expect(check((w) => sum(off(f(w) as never)), values).verdict).toBe("fail");
  });

  test("any size, element by element and along random directions: right passes, off by 1e-4 does not", { timeout: 60_000 }, () => {
    const functions: readonly ((w: Vector) => Vector)[] = [log, sqrt, sin, (w) => div(1, w), (w) => mul(w, w), (w) => mul(log(w), tanh(w))];
    const size = fc.double({ min: -8, max: 8, noNaN: true }).map((e) => 10 ** e);
    fc.assert(
      fc.property(fc.nat(functions.length - 1), fc.array(size, { minLength: 1, maxLength: 4 }), fc.boolean(), (f, values, each) => {
        const options = each ? {} : { entries: 0 };
        const right = check((w) => sum(functions[f]!(w)), values, options);
        expect(right.parameters[0]?.failures).toBe(0);
        expect(check((w) => sum(off(functions[f]!(w) as never)), values, options).verdict).toBe("fail");
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});

test("fast functions: steps are shortened until they resolve them", () => {
  for (const speed of [1e3, 1e5, 1e7]) {
    expect(check((w) => sum(sin(mul(w, speed))), [0.3, 0.7, 1.1]).verdict).toBe("pass");
    expect(check((w) => sum(sinTimes(1 + 1e-4)(mul(w, speed) as never)), [0.3, 0.7, 1.1]).verdict).toBe("fail");
  }
});

test("tiny parameters of functions of scale 1: steps are lengthened until rounding is harmless", () => {
  const report = check((w) => sum(exp(w)), [1e-12, 2e-12]);
  expect(report.verdict).toBe("pass");
  expect(report.parameters[0]?.belowFloor).toBe(0);
});

test("losses up to 1e300, and down to 1e-290", () => {
  for (const factor of [1e200, 1e300, 1e-200, 1e-290]) {
    expect(check((w) => mul(sum(sin(w)), factor), [0.1, 0.2, 0.3], { order: 2 }).verdict).toBe("pass");
    expect(check((w) => mul(sum(sinTimes(1 + 1e-4)(w as never)), factor), [0.1, 0.2, 0.3]).verdict).toBe("fail");
  }
});

describe("what cannot be seen is not proved", () => {
  test("a gradient below the noise of the loss", () => {
    for (const factor of [1, 1.5]) {
      const report = check((w) => add(1e14, sum(sinTimes(factor)(w as never))), [0.1, 0.2, 0.3]);
      expect(report.verdict).toBe("fail");
      expect(report.reasons).toEqual([expect.stringMatching(/^w could not be measured/)]);
      expect(report.parameters[0]).toMatchObject({ unmeasured: true, failures: 0, belowFloor: 3 });
      expect(report.worst?.resolved).toBe(false);
    }
  });
  test("a saturated tanh", () => {
    const report = check((w) => sum(tanhTimes(2)(add(mul(w, 1e-3), 17.5) as never)), [0.1, 0.2, 0.3]);
    expect(report.reasons).toEqual([expect.stringMatching(/^w could not be measured/)]);
  });
  test("some saturated entries, in a parameter of which others are seen, pass, and are counted", () => {
    const report = check((w) => sum(tanh(w)), [17.5, 17.5, 0.5]);
    expect(report.verdict).toBe("pass");
    expect(report.parameters[0]?.belowFloor).toBe(2);
    expect(check((w) => sum(tanhTimes(2)(w as never)), [17.5, 17.5, 0.5]).verdict).toBe("fail");
  });
  test("some dead units pass, and a parameter that is all dead: its gradient is exactly 0", () => {
    expect(check((w) => sum(relu(w)), [-1, -2, 3]).verdict).toBe("pass");
    expect(check((w) => sum(relu(w)), [-1, -2, -3], { order: 2 }).verdict).toBe("pass");
  });
  test("a gradient that is 0 but for its own rounding", () => {
    expect(check((w) => logSumExp(sub(w, logSumExp(w))), [0.1, 0.2, 0.5]).verdict).toBe("pass");
  });
});

test("of many estimates the smallest is too small by selection: shorter steps refute it", { timeout: 60_000 }, () => {
  const time = dim("time", 50);
  const batch = dim("batch", 1);
  const word = dim("word", 4);
  const hidden = dim("hidden", 4);
  const U = parameter("U", [word, hidden]);
  const W = parameter("W", [hidden, hidden], orthogonal(3));
  const x = input("x", [time, batch, word]);
  const { final } = unroll(
    (h: Tensor<readonly [typeof batch, typeof hidden]>, x_t) => {
      const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
      return { state: h_t, output: h_t };
    },
    { over: x, from: zeros([batch, hidden]) },
  );
  const feeds = { x: Float64Array.from({ length: 200 }, (_, i) => Math.sin(i * i)) };
  const report = checkGradients(sum(final), { feeds, seed: 3, order: 2 });
  expect(report.verdict).toBe("pass");
});

test("a failure by kinks alone has a worst entry, an error and a reason", () => {
  const beyond = defineOp<Unary>({
    name: "relu",
    doc: "max(a, 0), with a derivative at 0 that is on neither side.",
    formula: (m, a) => m.maximum(a!, m.constant(0)),
    derivative: [
      (m, v, [a]) =>
        m.mul(v, m.where(m.equal(a!, m.constant(0)), m.constant(-0.5), m.where(m.less(m.constant(0), a!), m.constant(1), m.constant(0)))),
    ],
    branch: (a) => Math.sign(a),
  });
  const report = check((w) => sum(beyond(w as never)), [1, 0, -1]);
  expect(report.verdict).toBe("fail");
  expect(report.worst).toMatchObject({ place: "w[1]", derived: -0.5, numeric: 0, absoluteError: 0.5 });
  expect(report.maxRelativeError).toBeCloseTo(0.5, 9);
  expect(report.parameters[0]?.failures).toBe(1);
  expect(report.reasons).toEqual([expect.stringMatching(/^w\[1\], on a kink of relu, derived -0.5, numeric 0 \(between 0 and 1/)]);
});
