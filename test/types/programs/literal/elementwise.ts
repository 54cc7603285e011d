import { abs, add, and, clamp, cos, div, dropout, equal, exp, greater, greaterEqual, less, lessEqual, log, maximum, minimum, mul, neg, not, notEqual, or, pow, relu, sigmoid, sign, sin, softplus, sqrt, stopGradient, sub, tanh, type Shape, type Tensor, where } from "clew";
import { type BH, type Batch, type Hidden, type TBH, all, b, h, ids, mask, real, row, rows, s, U, W, wide, word, x } from "./dims.ts";
type Mask = Tensor<readonly [Batch, Hidden], "bool">;

// one operand: the shape is kept
const u1: BH = abs(h), u2: BH = cos(h), u3: BH = exp(h), u4: BH = log(h), u5: BH = neg(h), u6: BH = relu(h), u7: BH = sigmoid(h), u8: BH = sign(h);
const u9: BH = sin(h), u10: BH = softplus(h), u11: BH = sqrt(h), u12: BH = tanh(h), u13: BH = clamp(h, -1, 1), u14: BH = dropout(h, 0.5, "h"), u15: BH = stopGradient(h);
const ids2: typeof ids = stopGradient(ids);
const not1: typeof mask = not(mask);
abs(ids); // ERR: '"int"' is not assignable to type '"float"'
tanh(mask); // ERR: '"bool"' is not assignable to type '"float"'
not(h); // ERR: '"float"' is not assignable to type '"bool"'
clamp(ids, 0, 1); // ERR: "int"
dropout(ids, 0.5, "ids"); // ERR: "int"
tanh([1, 2]); // ERR: is not assignable to parameter of type 'Tensor
tanh(undefined); // ERR: 'undefined' is not assignable

// two: dims that one lacks are repeated, by name, in order
const a1: BH = add(h, h), a2: BH = sub(h, b), a3: BH = mul(b, h), a4: BH = div(h, row), a5: BH = pow(h, 2), a6: BH = maximum(0, h), a7: BH = minimum(h, s);
const a8: TBH = add(all, h), a9: TBH = add(row, all), a10: Tensor<readonly []> = add(s, 1), a11: Tensor<Shape> = add(h, wide), a12: Tensor<Shape> = add(wide, 1);
add(h, x); // ERR: add: shapes do not broadcast: [batch=8, hidden=16] and [time=4, batch=8, word=12]
sub(h, U); // ERR: sub: shapes do not broadcast: [batch=8, hidden=16] and [word=12, hidden=16]
mul(W, x); // ERR: mul: shapes do not broadcast: [hidden=16, hidden=16] and [time=4, batch=8, word=12]
div(h, U); // ERR: div: shapes do not broadcast
pow(h, U); // ERR: pow: shapes do not broadcast
maximum(h, U); // ERR: maximum: shapes do not broadcast
minimum(h, U); // ERR: minimum: shapes do not broadcast
add(ids, ids); // ERR: "int"
add(h, mask); // ERR: "bool"
add(h, "1"); // ERR: string
const narrow: BH = add(h, wide); // ERR: Tensor<Shape

// comparisons: floats with floats, ints with ints, numbers with both
const c1: Mask = equal(h, h), c2: Mask = notEqual(h, b), c3: Mask = less(h, 1), c4: Mask = lessEqual(0, h), c5: Mask = greater(row, h), c6: Mask = greaterEqual(h, s);
const c7: typeof mask = equal(ids, 0), c8: typeof mask = less(ids, rows);
equal(h, U); // ERR: equal: shapes do not broadcast: [batch=8, hidden=16] and [word=12, hidden=16]
notEqual(h, U); // ERR: notEqual: shapes do not broadcast
less(h, U); // ERR: less: shapes do not broadcast
lessEqual(h, U); // ERR: lessEqual: shapes do not broadcast
greater(h, U); // ERR: greater: shapes do not broadcast
greaterEqual(h, U); // ERR: greaterEqual: shapes do not broadcast
equal(ids, row); // ERR: '"float"' is not assignable to type '"int"'
less(mask, mask); // ERR: "bool"

const l1: typeof mask = and(mask, real), l2: typeof mask = or(real, mask);
and(mask, input2); // ERR: Cannot find name
and(mask, h); // ERR: "bool"
or(real, less(b, 1)); // ERR: or: shapes do not broadcast: [batch=8] and [hidden=16]
and(real, less(b, 1)); // ERR: and: shapes do not broadcast: [batch=8] and [hidden=16]

// where: the condition chooses; numbers stand for floats and ints
const w1: BH = where(less(h, 0), h, 0), w2: BH = where(real, h, 0), w3: BH = where(real, 1, h), w4: BH = where(less(b, 0), h, h), w5: BH = where(less(h, 0), b, row);
const w6: typeof ids = where(mask, ids, 0), w7: typeof ids = where(mask, 3, rows), w8: Tensor<readonly [Batch]> = where(real, 1, 0), w9: TBH = where(real, all, b);
const w10: typeof mask = where(mask, mask, real), w11: Tensor<Shape> = where(real, wide, 0), w12: BH = where(less(h, 0), h, s);
where(real, x, h); // ERR: where: shapes do not broadcast: [batch=8] and [time=4, batch=8, word=12] and [batch=8, hidden=16]
where(less(x, 0), h, 0); // ERR: where: shapes do not broadcast: [time=4, batch=8, word=12] and [batch=8, hidden=16] and []
where(h, h, 0); // ERR: '"float"' is not assignable to type '"bool"'
where(mask, ids, row); // ERR: where: operand 3 is float, expected int
where(real, real, 1); // ERR: where: a number cannot stand beside bool
void word;
