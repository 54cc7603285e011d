import { cast, constant, contract, dim, full, input, iota, matmul, meanSquaredError, ones, parameter, scalar, type Shape, softmaxCrossEntropy, type Tensor, zeros } from "clew";
import { type BH, type Batch, type Hidden, type Label, type TBH, type Time, type Word, all, b, batch, h, hidden, ids, label, mask, real, row, rows, s, time, U, V, W, wide, x } from "./dims.ts";
const src = dim("src", 9), enc = input("enc", [src, batch, hidden]);

const m1: TBH = matmul(x, U), m2: Tensor<readonly [Batch, Label]> = matmul(h, V), m3: Tensor<readonly [Hidden]> = matmul(b, W), m4: Tensor<Shape> = matmul(wide, U);
matmul(h, U); // ERR: matmul: inner dimensions differ: [batch=8, hidden=16] · [word=12, hidden=16]
matmul(x, V); // ERR: matmul: inner dimensions differ: [time=4, batch=8, word=12] · [hidden=16, label=2]
matmul(h, all); // ERR: matmul: right operand must be a matrix: [time=4, batch=8, hidden=16]
matmul(s, W); // ERR: matmul: left operand is a scalar
matmul(ids, U); // ERR: "int"

const c1: Tensor<readonly [typeof src, Batch]> = contract(enc, h, hidden), c2: BH = contract(c1, enc, src), c3: Tensor<readonly [Time, Batch, Label]> = contract(all, V, hidden), c4: Tensor<Shape> = contract(wide, V, hidden);
contract(enc, h, label); // ERR: contract: label=2 must occur once in each of [src=9, batch=8, hidden=16] and [batch=8, hidden=16]
contract(W, h, hidden); // ERR: contract: hidden=16 occurs twice in [hidden=16, hidden=16]; use -1, or rename one
contract(enc, input("q", [dim("batch", 9), hidden]), hidden); // ERR: contract: batch=8 on the left, batch=9 on the right: [src=9, batch=8, hidden=16] and [batch=9, hidden=16]
contract(enc, h, 16); // ERR: 16

// losses: one number, unless asked otherwise
const logits = matmul(h, V), each = matmul(all, V);
const l1: Tensor<readonly []> = softmaxCrossEntropy(logits, rows), l2: Tensor<readonly [Batch]> = softmaxCrossEntropy(logits, rows, { reduce: "none" }), l3: Tensor<readonly []> = softmaxCrossEntropy(each, ids, { mask, reduce: "sum" }), l4: Tensor<readonly [Time, Batch]> = softmaxCrossEntropy(each, ids, { mask: real, reduce: "none" });
softmaxCrossEntropy(logits, ids); // ERR: softmaxCrossEntropy: labels [time=4, batch=8] must have the dims of the logits [batch=8, label=2] but the last
softmaxCrossEntropy(logits, row); // ERR: '"float"' is not assignable to type '"int"'
softmaxCrossEntropy(s, rows); // ERR: softmaxCrossEntropy: the logits are a scalar
softmaxCrossEntropy(logits, rows, { reduce: "max" }); // ERR: '"max"'
softmaxCrossEntropy(logits, rows, { mask: row }); // ERR: '"float"' is not assignable to type '"bool"'
const d1: Tensor<readonly []> = meanSquaredError(h, h), d2: BH = meanSquaredError(h, h, { reduce: "none" });
meanSquaredError(h, row); // ERR: meanSquaredError: prediction [batch=8, hidden=16] and target [batch=8] must have one shape
const ll: Tensor<readonly [Batch]> = l1; // ERR: is not assignable to type

// leaves
const z1: BH = zeros([batch, hidden]), z2: BH = ones([batch, hidden]), z3: BH = full([batch, hidden], 0.5), z4: Tensor<readonly []> = scalar(2), z5: Tensor<readonly []> = zeros([]);
const p: BH = parameter("p", [batch, hidden]), i1: Tensor<readonly [Time], "int"> = iota(time), i2: Tensor<readonly [Batch], "bool"> = input("q", [batch], "bool"), k1: Tensor<readonly [Label]> = constant([1, 2], [label]), k2: Tensor<readonly [Label], "int"> = constant([1, 2], [label], "int");
const f1: Tensor<readonly [Time, Batch]> = cast(ids, "float"), f2: Tensor<readonly [Time, Batch], "bool"> = cast(ids, "bool");
zeros(batch); // ERR: is not assignable to
ones([8]); // ERR: 'number' is not assignable
full([batch], "1"); // ERR: 'string' is not assignable
scalar("1"); // ERR: 'string' is not assignable
parameter("p", batch); // ERR: is not assignable to
parameter("p", [batch], 0.1); // ERR: 'number' is not assignable
iota(4); // ERR: 'number' is not assignable
input("x", [batch], "double"); // ERR: '"double"'
constant("1", [label]); // ERR: '"1"' is not assignable
cast(ids, "double"); // ERR: '"double"'
dim("hidden", "16"); // ERR: 'string' is not assignable
const wrong: Tensor<readonly [Batch, Word]> = zeros([batch, hidden]); // ERR: '"hidden"' is not assignable to type '"word"'
