// Inside a user's generic functions: what holds for any dims passes, with exact result types; what cannot is refused there, once, not where it is used.
import { abs, add, and, clamp, cos, div, dropout, equal, exp, greater, greaterEqual, less, lessEqual, log, maximum, minimum, mul, neg, not, notEqual, or, type Parameter, pow, relu, sigmoid, sign, sin, softplus, sqrt, stopGradient, sub, tanh, type Dim, type Shape, type Tensor, where } from "clew";

export function unary<S extends Shape>(a: Tensor<S>, q: Tensor<S, "bool">) {
  const u1: Tensor<S> = abs(a), u2: Tensor<S> = cos(a), u3: Tensor<S> = exp(a), u4: Tensor<S> = log(a), u5: Tensor<S> = neg(a), u6: Tensor<S> = relu(a), u7: Tensor<S> = sigmoid(a), u8: Tensor<S> = sign(a);
  const u9: Tensor<S> = sin(a), u10: Tensor<S> = softplus(a), u11: Tensor<S> = sqrt(a), u12: Tensor<S> = tanh(a), u13: Tensor<S> = clamp(a, 0, 1), u14: Tensor<S> = dropout(a, 0.5, "a"), u15: Tensor<S> = stopGradient(a), u16: Tensor<S, "bool"> = not(q);
  tanh(q); // ERR: '"bool"' is not assignable to type '"float"'
  not(a); // ERR: '"float"' is not assignable to type '"bool"'
}
export function binary<B extends Dim, H extends Dim, I extends Dim>(a: Tensor<readonly [B, H]>, b: Tensor<readonly [H]>, c: Tensor<readonly [B]>, x: Tensor<readonly [B, I]>, s: Tensor<readonly []>) {
  type A = Tensor<readonly [B, H]>;
  const a1: A = add(a, a), a2: A = sub(a, b), a3: A = mul(b, a), a4: A = div(a, c), a5: A = pow(a, 2), a6: A = maximum(0, a), a7: A = minimum(a, s), a8: A = add(s, a), a9: A = mul(c, a);
  add(a, x); // ERR: is not assignable to
  sub(a, x); // ERR: is not assignable to
  mul(x, b); // ERR: is not assignable to
  const wrong: Tensor<readonly [B, I]> = add(a, b); // ERR: is not assignable to
}
export function any<S extends Shape>(a: Tensor<S>, b: Tensor<S>, c: Tensor<S, "int">) {
  const a1: Tensor<S> = add(a, b), a2: Tensor<S> = mul(a, 2), a3: Tensor<S, "bool"> = less(a, b), a4: Tensor<S, "bool"> = equal(c, 1), a5: Tensor<S> = where(less(a, 0), a, b), a6: Tensor<S, "int"> = where(equal(c, 1), c, 0);
  equal(a, c); // ERR: '"int"' is not assignable to type '"float"'
}
export function compared<B extends Dim, H extends Dim, I extends Dim>(a: Tensor<readonly [B, H]>, b: Tensor<readonly [H]>, c: Tensor<readonly [B]>, x: Tensor<readonly [B, I]>) {
  type Q = Tensor<readonly [B, H], "bool">;
  const c1: Q = equal(a, a), c2: Q = notEqual(a, b), c3: Q = less(b, a), c4: Q = lessEqual(a, c), c5: Q = greater(a, 1), c6: Q = greaterEqual(1, a);
  const l1: Q = and(c1, c2), l2: Q = or(c1, less(b, 0)), l3: Q = and(less(c, 0), c1);
  less(a, x); // ERR: is not assignable to
  and(c1, less(x, 0)); // ERR: is not assignable to
}
// a mask of the batch chooses between two states: the masked cell
export function masked<T extends Dim, B extends Dim, H extends Dim, I extends Dim>(m: Tensor<readonly [B], "bool">, next: Tensor<readonly [B, H]>, state: Tensor<readonly [B, H]>, mt: Tensor<readonly [T, B], "bool">, all: Tensor<readonly [T, B, H]>, x: Tensor<readonly [B, I]>) {
  const w1: Tensor<readonly [B, H]> = where(m, next, state), w2: Tensor<readonly [B, H]> = where(m, next, 0), w3: Tensor<readonly [B, H]> = where(m, 0, next), w4: Tensor<readonly [T, B, H]> = where(mt, all, 0), w5: Tensor<readonly [B, H]> = where(less(next, 0), next, state);
  where(m, next, x); // ERR: is not assignable to
  where(next, next, state); // ERR: '"float"' is not assignable to type '"bool"'
}
export function residual<S extends Shape>(a: Tensor<S>, f: (t: Tensor<S>) => Tensor<S>, gain: Parameter<readonly []>): Tensor<S> {
  return add(a, mul(f(a), gain));
}
