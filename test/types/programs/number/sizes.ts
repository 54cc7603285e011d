// Sizes that the compiler knows as `number` only: a vocabulary read from a file, the last batch. They agree with every size; names still tell.
import { abs, add, and, argmax, broadcastTo, cast, clamp, concat, constant, contract, cos, dim, div, dropout, equal, exp, full, gather, greater, greaterEqual, index, input, iota, layerNorm, less, lessEqual, log, logSoftmax, logSumExp, matmul, max, maximum, mean, meanSquaredError, minimum, mul, neg, not, notEqual, oneHot, ones, or, pad, parameter, place, pow, relu, rename, reshape, reverse, scalar, scatterAdd, shaped, sigmoid, sign, sin, slice, softmax, softmaxCrossEntropy, softplus, sqrt, stack, stopGradient, sub, sum, tanh, type Tensor, transpose, where, zeros } from "clew";
declare const size: () => number;
const time = dim("time", size()), batch = dim("batch", size()), word = dim("word", size()), hidden = dim("hidden", 16), label = dim("label", size()), joint = dim("joint", size());
const eight = dim("batch", 8), nine = dim("batch", 9);
type T = typeof time; type B = typeof batch; type W = typeof word; type H = typeof hidden; type J = typeof joint; type L = typeof label;
type BH = Tensor<readonly [B, H]>; type TBH = Tensor<readonly [T, B, H]>; type QBH = Tensor<readonly [B, H], "bool">; type Column = Tensor<readonly [B]>; type Scalar = Tensor<readonly []>;
const h = input("h", [batch, hidden]), h8 = input("h8", [eight, hidden]), h9 = input("h9", [nine, hidden]), x = input("x", [time, batch, word]), all = input("all", [time, batch, hidden]), row = input("row", [batch]);
const U = parameter("U", [word, hidden]), V = parameter("V", [hidden, label]), ids = input("ids", [time, batch], "int"), rows = input("rows", [batch], "int"), real = input("real", [batch], "bool"), mask = input("mask", [time, batch], "bool");

const u1: BH = abs(h), u2: BH = cos(h), u3: BH = exp(h), u4: BH = log(h), u5: BH = neg(h), u6: BH = relu(h), u7: BH = sigmoid(h), u8: BH = sign(h), u9: BH = sin(h), u10: BH = softplus(h), u11: BH = sqrt(h), u12: BH = tanh(h), u13: BH = clamp(h, 0, 1), u14: BH = dropout(h, 0.5, "h"), u15: BH = stopGradient(h), u16: typeof real = not(real);
abs(rows); // ERR: "int"
not(h); // ERR: "float"

// 8 ~ number ~ 9, but not 8 ~ 9
const a1: BH = add(h, h8), a2: BH = add(h8, h), a3: BH = sub(h, h9), a4: TBH = mul(all, h8), a5: BH = div(h, row), a6: BH = pow(h, 2), a7: BH = maximum(0, h), a8: BH = minimum(row, h), a9: TBH = add(h, all);
add(h8, h9); // ERR: add: shapes do not broadcast: [batch=8, hidden=16] and [batch=9, hidden=16]
add(h, x); // ERR: add: shapes do not broadcast: [batch, hidden=16] and [time, batch, word]
sub(h, U); // ERR: sub: shapes do not broadcast
const c1: QBH = equal(h, h8), c2: QBH = notEqual(h, 0), c3: QBH = less(h, row), c4: QBH = lessEqual(0, h), c5: QBH = greater(h, h), c6: QBH = greaterEqual(row, h), c7: typeof mask = and(mask, real), c8: typeof mask = or(real, mask);
equal(h, x); // ERR: equal: shapes do not broadcast: [batch, hidden=16] and [time, batch, word]
and(real, less(U, 0)); // ERR: and: shapes do not broadcast: [batch] and [word, hidden=16]
const w1: BH = where(real, h, 0), w2: BH = where(less(h, 0), h8, h), w3: TBH = where(mask, all, 0), w4: TBH = where(real, 0, all), w5: Column = where(real, 1, 0);
where(less(x, 0), h, h); // ERR: where: shapes do not broadcast: [time, batch, word] and [batch, hidden=16] and [batch, hidden=16]

const r1: Scalar = sum(all), r2: Column = sum(h, hidden), r3: Column = mean(h, -1), r4: Tensor<readonly [H]> = max(h, batch), r5: Tensor<readonly [H]> = logSumExp(h, eight), r6: Tensor<readonly [T, H]> = sum(all, batch), r7: Tensor<readonly [B], "int"> = argmax(h, hidden), r8: TBH = softmax(all, time), r9: BH = logSoftmax(h, -1), r10: BH = layerNorm(h, hidden), r11: TBH = reverse(all, time);
sum(h, label); // ERR: sum: no dimension label in [batch, hidden=16]
sum(h8, nine); // ERR: sum: no dimension batch=9 in [batch=8, hidden=16]
mean(input("m", [word, word]), word); // ERR: mean: word occurs twice in [word, word]; use -1, or rename one
argmax(h, time); // ERR: argmax: no dimension time in [batch, hidden=16]
softmax(h, time); // ERR: softmax: no dimension time in [batch, hidden=16]

const i1: BH = index(all, time, 0), s1: Tensor<readonly [B, J]> = slice(h, hidden, joint, 0), p1: Tensor<readonly [B, J]> = pad(h, hidden, joint, 0), n1: Tensor<readonly [J, H]> = rename(h, batch, joint), n2: Tensor<readonly [B, J]> = rename(h, -1, joint), g1: TBH = gather(U, ids, word), t1: Tensor<readonly [W, H]> = scatterAdd(all, ids, word), o1: Tensor<readonly [T, B, W]> = oneHot(ids, word), q1: TBH = place(h, 0, time);
index(h, time, 0); // ERR: index: no dimension time in [batch, hidden=16]
slice(h, time, joint, 0); // ERR: slice: no dimension time in [batch, hidden=16]
pad(h, time, joint, 0); // ERR: pad: no dimension time in [batch, hidden=16]
rename(h, time, joint); // ERR: rename: no dimension time in [batch, hidden=16]
gather(U, ids, label); // ERR: gather: no dimension label in [word, hidden=16]
scatterAdd(h, ids, word); // ERR: scatterAdd: the updates must start with the dims of the ids: [batch, hidden=16] and [time, batch]
const j1: Tensor<readonly [B, J]> = concat([h, hidden], [index(x, time, 0), word], joint), k1: Tensor<readonly [L, B, H]> = stack([h, h8], label), y1: Tensor<readonly [H, B]> = transpose(h), z1: BH = shaped(h as Tensor, [batch, hidden]), z2: BH = shaped(h8, [batch, hidden]), z3: Tensor<readonly [J]> = reshape(h, [joint]), z4: TBH = broadcastTo(row, [time, batch, hidden]);
concat([h, hidden], [x, word], joint); // ERR: concat: other dims differ: [batch, hidden=16] and [time, batch, word]
concat([h8, hidden], [h9, hidden], joint); // ERR: concat: other dims differ: [batch=8, hidden=16] and [batch=9, hidden=16]
stack([h, row], label); // ERR: stack: part 1 is float [batch], the first float [batch, hidden=16]
shaped(h, [batch, word]); // ERR: shaped: expected [batch, word], found [batch, hidden=16]
broadcastTo(h, [time, batch]); // ERR: broadcastTo: [batch, hidden=16] does not broadcast to [time, batch]

const m1: TBH = matmul(x, U), m2: Tensor<readonly [B, L]> = matmul(h, V), m3: Tensor<readonly [T, B, L]> = contract(all, V, hidden), m4: Tensor<readonly [T, B]> = contract(all, h, hidden);
matmul(h, U); // ERR: matmul: inner dimensions differ: [batch, hidden=16] · [word, hidden=16]
contract(all, h, label); // ERR: contract: label must occur once in each of [time, batch, hidden=16] and [batch, hidden=16]
const logits = matmul(h, V);
const l1: Scalar = softmaxCrossEntropy(logits, rows), l2: Column = softmaxCrossEntropy(logits, input("y", [eight], "int"), { reduce: "none" }), l3: Scalar = meanSquaredError(h, h8), l4: BH = meanSquaredError(h, h8, { reduce: "none" });
softmaxCrossEntropy(logits, ids); // ERR: softmaxCrossEntropy: labels [time, batch] must have the dims of the logits [batch, label] but the last
meanSquaredError(h, row); // ERR: meanSquaredError: prediction [batch, hidden=16] and target [batch] must have one shape

const f1: BH = zeros([batch, hidden]), f2: BH = ones([eight, hidden]), f3: BH = full([batch, hidden], 1), f4: Scalar = scalar(size()), f5: Tensor<readonly [W], "int"> = iota(word), f6: BH = parameter("p", [batch, hidden]), f7: Tensor<readonly [B], "bool"> = input("q", [batch], "bool"), f8: Column = constant([1], [batch]), f9: Tensor<readonly [T, B]> = cast(ids, "float");
