import { add, argmax, broadcastTo, cast, concat, constant, contract, div, exp, full, gather, index, input, iota, layerNorm, logSoftmax, logSumExp, matmul, max, mean, meanSquaredError, mul, oneHot, ones, pad, parameter, place, rename, reshape, reverse, scalar, scatterAdd, shaped, slice, softmax, softmaxCrossEntropy, stack, sub, sum, tanh, type Dim, type Shape, type Tensor, transpose, zeros } from "clew";

// reductions by dim: last, first, in the middle; that the dim occurs once is left to the graph
export function reduced<T extends Dim, B extends Dim, H extends Dim>(a: Tensor<readonly [T, B, H]>, w: Tensor<readonly [H, H]>, t: T, b: B, h: H) {
  const r1: Tensor<readonly []> = sum(a), r2: Tensor<readonly [T, B]> = sum(a, h), r3: Tensor<readonly [B, H]> = mean(a, t), r4: Tensor<readonly [T, H]> = max(a, b), r5: Tensor<readonly [T, B]> = logSumExp(a, -1), r6: Tensor<readonly [H]> = sum(w, -1);
  const r7: Tensor<readonly [T, B], "int"> = argmax(a, h), r8: Tensor<readonly [T, B], "int"> = argmax(a, -1), r9: Tensor<readonly [T, B, H]> = softmax(a, t), r10: Tensor<readonly [T, B, H]> = logSoftmax(a, -1), r11: Tensor<readonly [T, B, H]> = layerNorm(a, h), r12: Tensor<readonly [T, B, H]> = reverse(a, t);
  const r13: Tensor<readonly [T, B]> = sum(sum(rename(shaped(reshape(a, [t, b, h, h]), [t, b, h, h]), -1, t), -1), h);
}
export function refused<B extends Dim, H extends Dim, I extends Dim>(a: Tensor<readonly [B, H]>, i: I) {
  sum(a, i); // ERR: is not assignable to
  mean(a, i); // ERR: is not assignable to
  argmax(a, i); // ERR: is not assignable to
  softmax(a, i); // ERR: is not assignable to
  layerNorm(a, i); // ERR: is not assignable to
  reverse(a, i); // ERR: is not assignable to
  index(a, i, 0); // ERR: is not assignable to
  slice(a, i, i, 0); // ERR: is not assignable to
  rename(a, i, i); // ERR: is not assignable to
}
export function overRest<P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>, d: D): Tensor<P> {
  const normal: Tensor<readonly [...P, D]> = softmax(a, -1), far: Tensor<readonly [...P, D]> = layerNorm(a, -1), e: Tensor<readonly [...P, D]> = div(exp(a), sum(exp(a), -1)), by: Tensor<readonly [...P]> = sum(a, d);
  return sum(mul(normal, far), -1);
}

export function parts<T extends Dim, B extends Dim, H extends Dim, J extends Dim>(a: Tensor<readonly [T, B, H]>, ids: Tensor<readonly [T, B], "int">, t: T, b: B, h: H, j: J) {
  const i1: Tensor<readonly [B, H]> = index(a, t, 0), i2: Tensor<readonly [T, B]> = index(a, h, 0), i3: Tensor<readonly [T, B]> = index(a, -1, 0);
  const s1: Tensor<readonly [T, B, J]> = slice(a, h, j, 0), s2: Tensor<readonly [J, B, H]> = slice(a, t, j, 0), s3: Tensor<readonly [T, B, J]> = slice(a, -1, j, 0);
  const p1: Tensor<readonly [T, B, J]> = pad(a, h, j, 0), p2: Tensor<readonly [J, B, H]> = pad(a, t, j, 0), n1: Tensor<readonly [T, B, J]> = rename(a, h, j), n2: Tensor<readonly [J, B, H]> = rename(a, t, j), n3: Tensor<readonly [T, B, J]> = rename(a, -1, j);
  const t1: Tensor<readonly [J, H]> = scatterAdd(a, ids, j), o1: Tensor<readonly [T, B, J]> = oneHot(ids, j), q1: Tensor<readonly [J, T, B, H]> = place(a, 0, j), k1: Tensor<readonly [J, T, B, H]> = stack([a, a], j), y1: Tensor<readonly [T, H, B]> = transpose(a), z1: Tensor<readonly [J]> = reshape(a, [j]);
  const z2: Tensor<readonly [T, B, H]> = broadcastTo(i1, [t, b, h]), z3: Tensor<readonly [T, B, H]> = shaped(a as Tensor, [t, b, h]), f1: Tensor<readonly [T, B]> = cast(ids, "float");
  stack([a, i1], j); // ERR: is not assignable to
  oneHot(a, j); // ERR: '"float"' is not assignable to type '"int"'
}
// word vectors for ids of any shape
export function embedded<W extends Dim, V extends Dim, P extends Shape>(ids: Tensor<P, "int">, w: W, v: V): Tensor<readonly [...P, V]> {
  return gather(parameter("E", [w, v]), ids, w);
}
export function joined<B extends Dim, H extends Dim, X extends Dim, J extends Dim, C extends Dim>(h: Tensor<readonly [B, H]>, x: Tensor<readonly [B, X]>, other: Tensor<readonly [C, X]>, hd: H, xd: X, b: B, j: J) {
  const c1: Tensor<readonly [B, J]> = concat([h, hd], [x, xd], j), c2: Tensor<readonly [B, J]> = concat([h, -1], [x, -1], j), c3: Tensor<readonly [J, H]> = concat([h, b], [h, b], j);
  concat([h, -1], [other, -1], j); // ERR: is not assignable to
}

// products
export function dense<P extends Shape, I extends Dim, O extends Dim>(a: Tensor<readonly [...P, I]>, i: I, o: O): Tensor<readonly [...P, O]> {
  return add(matmul(a, parameter("W", [i, o])), parameter("b", [o]));
}
export function wrong<B extends Dim, I extends Dim, H extends Dim>(s: Tensor<readonly [B, H]>, i: I, h: H) {
  matmul(s, parameter("U", [i, h])); // ERR: Type 'I' is not assignable to type 'H'
  contract(s, parameter("U", [h, h]), i); // ERR: Argument of type 'I' is not assignable to
}
// which dims are shared, and so batch dims, is not known in generic code: the result of contract is asserted
export function attention<T extends Dim, B extends Dim, H extends Dim>(states: Tensor<readonly [T, B, H]>, query: Tensor<readonly [B, H]>, t: T, b: B, h: H): Tensor<readonly [B, H]> {
  const weights: Tensor<readonly [T, B]> = softmax(shaped(contract(states, query, h), [t, b]), t);
  return shaped(contract(weights, states, t), [b, h]);
}
export function losses<P extends Shape, B extends Dim, K extends Dim>(logits: Tensor<readonly [...P, K]>, labels: Tensor<P, "int">, l2: Tensor<readonly [B, K]>, y2: Tensor<readonly [B], "int">, y3: Tensor<readonly [K], "int">, target: Tensor<readonly [...P, K]>) {
  const l: Tensor<readonly []> = softmaxCrossEntropy(logits, labels), each: Tensor<P> = softmaxCrossEntropy(logits, labels, { reduce: "none" }), l3: Tensor<readonly [B]> = softmaxCrossEntropy(l2, y2, { reduce: "none" }), m: Tensor<readonly []> = meanSquaredError(logits, target), m2: Tensor<readonly [B, K]> = meanSquaredError(l2, l2, { reduce: "none" });
  softmaxCrossEntropy(l2, y3); // ERR: is not assignable to
  meanSquaredError(l2, sum(l2, -1)); // ERR: is not assignable to
}
export function leaves<B extends Dim, H extends Dim>(b: B, h: H) {
  const z1: Tensor<readonly [B, H]> = zeros([b, h]), z2: Tensor<readonly [B, H]> = ones([b, h]), z3: Tensor<readonly [B, H]> = full([b, h], 1), z4: Tensor<readonly [B, H]> = input("x", [b, h]), z5: Tensor<readonly [B, H], "int"> = input("i", [b, h], "int"), z6: Tensor<readonly [B]> = constant([1], [b]), z7: Tensor<readonly [H], "int"> = iota(h), z8: Tensor<readonly []> = scalar(1), z9: Tensor<readonly [B, H]> = tanh(sub(z1, parameter("p", [b, h])));
}
