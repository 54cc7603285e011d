import { argmax, broadcastTo, concat, dim, gather, index, layerNorm, logSoftmax, logSumExp, max, mean, oneHot, pad, place, rename, reshape, reverse, scatterAdd, shaped, type Shape, slice, softmax, stack, sum, type Tensor, transpose } from "clew";
import { type BH, type Batch, type Hidden, type TBH, type Time, type Word, all, b, batch, h, hidden, ids, label, mask, row, rows, s, time, U, W, wide, word, x } from "./dims.ts";
const half = dim("half", 8), twice = dim("twice", 32), joint = dim("joint", 28), other = dim("other", 16), two = dim("two", 2);
type B = Tensor<readonly [Batch]>;

// reductions: over all, by dim, from the end
const r1: Tensor<readonly []> = sum(all), r2: B = sum(h, hidden), r3: B = mean(h, -1), r4: Tensor<readonly [Hidden]> = max(h, batch), r5: Tensor<readonly [Time, Hidden]> = logSumExp(all, batch);
const r6: Tensor<readonly [Time, Hidden]> = sum(all, -2), r7: Tensor<readonly [Hidden]> = sum(W, -1), r8: Tensor<Shape> = sum(wide, hidden), r9: Tensor<Shape> = sum(wide, -1), r10: Tensor<readonly [Batch], "int"> = argmax(h, hidden);
sum(h, label); // ERR: sum: no dimension label=2 in [batch=8, hidden=16]
mean(h, time); // ERR: mean: no dimension time=4 in [batch=8, hidden=16]
max(W, hidden); // ERR: max: hidden=16 occurs twice in [hidden=16, hidden=16]; use -1, or rename one
logSumExp(s, -1); // ERR: logSumExp: no axis -1 in []
sum(h, -3); // ERR: sum: no axis -3 in [batch=8, hidden=16]
sum(ids, time); // ERR: "int"
sum(h, "hidden"); // ERR: 'string' is not assignable
sum(h, dim("hidden", 9)); // ERR: sum: no dimension hidden=9 in [batch=8, hidden=16]
argmax(h, word); // ERR: argmax: no dimension word=12 in [batch=8, hidden=16]
argmax(h); // ERR: Expected 2 arguments

// along a dim, shape kept
const k1: BH = softmax(h, hidden), k2: BH = logSoftmax(h, -1), k3: BH = layerNorm(h, batch, 1e-3), k4: TBH = reverse(all, time), k5: typeof ids = reverse(ids, -1), k6: typeof W = softmax(W, -1) as typeof W;
softmax(h, label); // ERR: softmax: no dimension label=2 in [batch=8, hidden=16]
softmax(W, hidden); // ERR: softmax: hidden=16 occurs twice in [hidden=16, hidden=16]; use -1, or rename one
logSoftmax(h, time); // ERR: logSoftmax: no dimension time=4
layerNorm(h, time); // ERR: layerNorm: no dimension time=4 in [batch=8, hidden=16]
reverse(h, time); // ERR: reverse: no dimension time=4 in [batch=8, hidden=16]

// one dim taken, cut or put in place
const i1: BH = index(all, time, 0), i2: Tensor<readonly [Time], "int"> = index(ids, -1, 3), i3: BH = index(all, -3, 0), i4: Tensor<readonly [Time, Hidden]> = index(all, batch, 1);
index(all, word, 0); // ERR: index: no dimension word=12 in [time=4, batch=8, hidden=16]
const s1: Tensor<readonly [Batch, typeof half]> = slice(h, hidden, half, 8), s2: Tensor<readonly [typeof two, Batch, Hidden]> = slice(all, time, two, 0), s3: Tensor<readonly [Batch, typeof half]> = slice(h, -1, half, 0);
slice(h, word, half, 0); // ERR: slice: no dimension word=12 in [batch=8, hidden=16]
slice(h, hidden, 8, 0); // ERR: 'number' is not assignable
const p1: Tensor<readonly [Batch, typeof twice]> = pad(h, hidden, twice, 0), p2: Tensor<readonly [typeof twice, Hidden]> = pad(h, -2, twice, 8);
pad(h, time, twice, 0); // ERR: pad: no dimension time=4 in [batch=8, hidden=16]
const n1: Tensor<readonly [Batch, typeof other]> = rename(h, hidden, other), n2: Tensor<readonly [Hidden, typeof other]> = rename(W, -1, other), n3: Tensor<readonly [typeof other, Hidden]> = rename(W, -2, other);
rename(h, word, other); // ERR: rename: no dimension word=12 in [batch=8, hidden=16]
rename(h, hidden, half); // ERR: rename: hidden=16 cannot become half=8: sizes differ
rename(W, hidden, other); // ERR: rename: hidden=16 occurs twice in [hidden=16, hidden=16]
const e1: TBH = gather(W, ids, -2), e2: Tensor<readonly [Time, Batch, Hidden]> = gather(U, ids, word), e3: Tensor<readonly [Batch, Time, Batch]> = gather(h, ids, hidden);
gather(U, ids, label); // ERR: gather: no dimension label=2 in [word=12, hidden=16]
gather(U, row, word); // ERR: '"float"' is not assignable to type '"int"'
const t1: Tensor<readonly [Word, Hidden]> = scatterAdd(all, ids, word), t2: Tensor<readonly [Word, Hidden]> = scatterAdd(h, rows, word);
scatterAdd(h, ids, word); // ERR: scatterAdd: the updates must start with the dims of the ids: [batch=8, hidden=16] and [time=4, batch=8]
const o1: Tensor<readonly [Time, Batch, Word]> = oneHot(ids, word);
oneHot(h, word); // ERR: '"float"' is not assignable to type '"int"'
oneHot(ids, 12); // ERR: 'number' is not assignable
const q1: TBH = place(h, 1, time), q2: Tensor<readonly [Time, Batch], "int"> = place(rows, 0, time);
place(h, 1, 4); // ERR: 'number' is not assignable

// several, or another order
const c1: Tensor<readonly [Batch, typeof joint]> = concat([h, hidden], [index(x, time, 0), word], joint), c2: Tensor<readonly [typeof twice, Hidden]> = concat([h, batch], [h, batch], twice), c3: Tensor<readonly [Batch, typeof twice]> = concat([h, -1], [h, -1], twice);
concat([h, hidden], [x, word], joint); // ERR: concat: other dims differ: [batch=8, hidden=16] and [time=4, batch=8, word=12]
concat([h, word], [h, hidden], joint); // ERR: concat: no dimension word=12 in [batch=8, hidden=16]
concat([h, hidden], [h, batch], joint); // ERR: concat: other dims differ: [batch=8, hidden=16] and [batch=8, hidden=16]
concat([h, hidden], [less2, hidden], joint); // ERR: Cannot find name
concat([ids, batch], [index(all, -1, 0), batch], joint); // ERR: "int"
const k: Tensor<readonly [typeof two, Batch, Hidden]> = stack([h, h], two), kb: Tensor<readonly [typeof two, Time, Batch], "bool"> = stack([mask, mask], two), kw: Tensor<readonly [typeof two, ...Shape]> = stack([h, h] as Tensor[], two);
stack([h, b], two); // ERR: stack: part 1 is float [hidden=16], the first float [batch=8, hidden=16]
stack([rows, row], two); // ERR: stack: part 1 is float [batch=8], the first int [batch=8]
const y1: Tensor<readonly [Hidden, Batch]> = transpose(h), y2: Tensor<readonly [Time, Hidden, Batch]> = transpose(all), y3: Tensor<Shape> = transpose(wide);
transpose(row); // ERR: transpose: needs two dims or more: [batch=8]

// asserted, repeated, read in another way
const z1: BH = shaped(wide, [batch, hidden]), z2: BH = shaped(h, [batch, hidden]), z3: Tensor<readonly [typeof joint]> = reshape(h, [joint]), z4: TBH = broadcastTo(row, [time, batch, hidden]);
shaped(h, [batch, word]); // ERR: shaped: expected [batch=8, word=12], found [batch=8, hidden=16]
shaped(h, [batch]); // ERR: shaped: expected [batch=8], found [batch=8, hidden=16]
broadcastTo(h, [time, batch]); // ERR: broadcastTo: [batch=8, hidden=16] does not broadcast to [time=4, batch=8]
reshape(h, joint); // ERR: is not assignable to
