// checkGradients on right gradients: it passes, says how, and how exactly.

import { add, checkGradients, dim, input, matmul, orthogonal, parameter, softmaxCrossEntropy, tanh, unroll, zeros } from "clew";
import { describe, expect, test } from "vitest";

const time = dim("time", 4);
const batch = dim("batch", 3);
const word = dim("word", 5);
const hidden = dim("hidden", 4);
const label = dim("label", 2);

describe("checkGradients", () => {
  test("proves the golden example", () => {
    const U = parameter("U", [word, hidden]);
    const W = parameter("W", [hidden, hidden], orthogonal());
    const V = parameter("V", [hidden, label]);
    const x = input("x", [time, batch, word]);
    const y = input("y", [batch], "int");
    const { final } = unroll(
      (h, x_t) => {
        const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
        return { state: h_t, output: h_t };
      },
      { over: x, from: zeros([batch, hidden]) },
    );
    const loss = softmaxCrossEntropy(matmul(final, V), y);
    const feeds = { x: Float64Array.from({ length: 60 }, (_, i) => Math.sin(i)), y: [0, 1, 1] };
    const report = checkGradients(loss, { feeds, seed: 1 });
    expect(report.verdict).toBe("pass");
    expect(report.maxRelativeError).toBeLessThan(1e-9);
    expect(report.kinks).toEqual([]);
    expect(report.parameters.map((p) => [p.parameter, p.checked, p.count])).toEqual([
      ["U", "every entry", 20],
      ["W", "every entry", 16],
      ["V", "every entry", 8],
    ]);
    expect(report.worst?.place).toMatch(/^[UWV]\[\d,\d\]$/);
  });
});
