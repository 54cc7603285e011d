// The lines by which the technique was tried: a cell generic in its dims, an LSTM, stacked layers, attention, number sizes, wide tensors.
import { type Dim, type Tensor, type Shape, dim, parameter, input, zeros, matmul, add, mul, sigmoid, tanh, unroll, sub, contract, sum, rename, slice, concat, gather, reshape, softmax, shaped, grad } from "clew";

// 1. generic builder in Dims
function rnnCell<I extends Dim, H extends Dim>(i: I, h: H) {
  const U = parameter("U", [i, h]), W = parameter("W", [h, h]), b = parameter("b", [h]);
  return <B extends Dim>(s: Tensor<readonly [B, H]>, x: Tensor<readonly [B, I]>) => {
    const a = matmul(x, U);           // ok?
    const c = matmul(s, W);
    const d = add(a, c);
    const e = add(d, b);
    const t = tanh(e);
    return { state: t, output: t };
  };
}
const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16), label = dim("label", 2);
const x = input("x", [time, batch, word]);
const cell = rnnCell(word, hidden);
const r = unroll(cell, { over: x, from: zeros([batch, hidden]) });
const q: Tensor<readonly [typeof batch, typeof hidden]> = r.final;
// 2. size known only as number
const vocab: string[] = [];
const w2 = dim("word", vocab.length);   // Dim<"word", number>
const U2 = parameter("U2", [w2, hidden]);
const m = matmul(x, U2);  // word=12 vs word=number: should fall back
const m2 = matmul(input("x2", [time, batch, w2]), U2);
// 3. batch dims that are number
const bN = dim("batch", Math.random());
const z = add(input("p", [bN, hidden]), parameter("b", [hidden]));
const z2 = add(input("p", [bN, hidden]), input("p", [batch, hidden]));
// 4. untyped shape
const any1 = input("any", [time, batch, word] as Shape);
const z3 = add(any1, parameter("b", [hidden]));
const z4 = matmul(any1, U2);
const z5 = add(parameter("b", [hidden]), any1);
// 5. scalars
const z6 = add(z2, zeros([]));
// 6. dup dims
const W = parameter("W", [hidden, hidden]);

// 7. the array of layers
let hN = x as Tensor;
for (const l of [1, 2, 3]) { const o = unroll((s, xt) => { const n = tanh(add(matmul(xt, parameter(`U${l}`, [hidden, hidden])), matmul(s, W))); return { state: n, output: n }; }, { over: hN, from: zeros([batch, hidden]) as Tensor }); hN = o.outputs; }
const out: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = r.outputs;
const bad1 = matmul(x, parameter("V", [hidden, label])); // ERR: matmul: inner dimensions differ: [time=4, batch=8, word=12] · [hidden=16, label=2]
const bad2 = add(x, parameter("V", [hidden, label])); // ERR: add: shapes do not broadcast: [time=4, batch=8, word=12] and [hidden=16, label=2]
// generic, wrong: must be refused inside the generic function
function wrong<I extends Dim, H extends Dim>(i: I, h: H) { const U = parameter("U", [i, h]); return <B extends Dim>(s: Tensor<readonly [B, H]>, x: Tensor<readonly [B, I]>) => matmul(s, U); } // ERR: Type 'I' is not assignable to type 'H'
function wrong2<I extends Dim, H extends Dim>(i: I, h: H) { return <B extends Dim>(s: Tensor<readonly [B, H]>, x: Tensor<readonly [B, I]>) => add(s, x); } // ERR: is not assignable to parameter of type
// generic in Shape
function residual<S extends Shape>(a: Tensor<S>, f: (t: Tensor<S>) => Tensor<S>) { return add(a, f(a)); }
function bias<P extends Shape, H extends Dim>(a: Tensor<readonly [...P, H]>, h: H) { return add(a, parameter("b", [h])); }
function dense<P extends Shape, I extends Dim, O extends Dim>(a: Tensor<readonly [...P, I]>, i: I, o: O) { return add(matmul(a, parameter("w", [i, o])), parameter("b", [o])); }
const dd: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = dense(x, word, hidden);
function lstm<I extends Dim, H extends Dim>(i: I, h: H) {
  const gate = (n: string) => { const U = parameter(`U${n}`, [i, h]), W = parameter(`W${n}`, [h, h]), b = parameter(`b${n}`, [h]);
    return <B extends Dim>(x: Tensor<readonly [B, I]>, s: Tensor<readonly [B, H]>) => add(add(matmul(x, U), matmul(s, W)), b); };
  const f = gate("f"), g = gate("g"), o = gate("o"), n = gate("i");
  return <B extends Dim>({ h, c }: { readonly h: Tensor<readonly [B, H]>; readonly c: Tensor<readonly [B, H]> }, x: Tensor<readonly [B, I]>) => {
    const c1 = add(mul(sigmoid(f(x, h)), c), mul(sigmoid(n(x, h)), tanh(g(x, h))));
    const h1 = mul(sigmoid(o(x, h)), tanh(c1));
    return { state: { h: h1, c: c1 }, output: h1 };
  };
}
const L = unroll(lstm(word, hidden), { over: x, from: { h: zeros([batch, hidden]), c: zeros([batch, hidden]) } });
const lo: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = L.outputs;
// stacked over generic: unroll INSIDE a generic function
function layer<T extends Dim, B extends Dim, I extends Dim, H extends Dim>(x: Tensor<readonly [T, B, I]>, b: B, i: I, h: H) {
  const { outputs, final } = unroll(lstm(i, h), { over: x, from: { h: zeros([b, h]), c: zeros([b, h]) } });
  return outputs;
}
const l1 = layer(x, batch, word, hidden);
const l1c: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = l1;
function layer2<T extends Dim, B extends Dim, I extends Dim, H extends Dim>(x: Tensor<readonly [T, B, I]>, b: B, i: I, h: H) {
  const U = parameter("U", [i, h]), W = parameter("W", [h, h]);
  const { outputs, final } = unroll((s, xt) => { const n = tanh(add(matmul(xt, U), matmul(s, W))); return { state: n, output: n }; }, { over: x, from: zeros([b, h]) });
  return matmul(final, W);
}
const l2c: Tensor<readonly [typeof batch, typeof hidden]> = layer2(x, batch, word, hidden);
const U = parameter("U", [word, hidden]);
const z5c: Tensor<Shape> = z5;
const z5bad: Tensor<readonly [typeof hidden]> = z5; // ERR: Tensor<Shape, "float">' is not assignable to
// number sizes through unroll
const bn = dim("batch", Math.random()), vn = dim("word", Math.random());
const xn = input("xn", [time, bn, vn]); const Un = parameter("U", [vn, hidden]), Wn = parameter("W", [hidden, hidden]);
const rn = unroll((s, xt) => { const n = tanh(add(matmul(xt, Un), matmul(s, Wn))); return { state: n, output: n }; }, { over: xn, from: zeros([batch, hidden]) });
const rn2 = unroll((s, xt) => { const n = tanh(add(matmul(xt, Un), matmul(s, Wn))); return { state: n, output: n }; }, { over: x, from: zeros([bn, hidden]) });
const h32 = dim("hidden", 32);
const badsize = add(parameter("p", [hidden]), parameter("q", [h32])); // ERR: add: shapes do not broadcast: [hidden=16] and [hidden=32]
// attention
const src = dim("src", 9);
const enc = input("enc", [src, batch, hidden]), q1 = input("q", [batch, hidden]);
const scores = contract(enc, q1, hidden); const sc: Tensor<readonly [typeof src, typeof batch]> = scores;
const ctx = contract(softmax(scores, src), enc, src); const cc: Tensor<readonly [typeof batch, typeof hidden]> = ctx;
const badc = contract(enc, q1, label); // ERR: contract: label=2 must occur once in each of [src=9, batch=8, hidden=16] and [batch=8, hidden=16]
const badd = contract(W, q1, hidden); // ERR: contract: hidden=16 must occur once in each of [hidden=16, hidden=16] and [batch=8, hidden=16]
// layer norm
const eps = zeros([]); const mu = sum(q1, hidden); const muc: Tensor<readonly [typeof batch]> = mu;
const cent = sub(q1, mu); 
const sW = sum(W, hidden); // ERR: sum: hidden=16 occurs twice in [hidden=16, hidden=16]; use -1, or rename one
const sNo = sum(q1, label); // ERR: sum: no dimension label=2 in [batch=8, hidden=16]
// concat
const joint = dim("joint", 28);
const cj = concat([q1, hidden], [input("xx", [batch, word]), word], joint); const cjc: Tensor<readonly [typeof batch, typeof joint]> = cj;
const cbad = concat([q1, hidden], [input("xx", [label, word]), word], joint); // ERR: concat: other dims differ: [batch=8, hidden=16] and [label=2, word=12]
const four = dim("gates", 64); const gi = slice(input("g", [batch, four]), four, hidden, 0); const gic: Tensor<readonly [typeof batch, typeof hidden]> = gi;
const embed = dim("embed", 8); const E = parameter("E", [word, embed]);
const ids = input("ids", [time, batch], "int"); const em = gather(E, ids, word); const emc: Tensor<readonly [typeof time, typeof batch, typeof embed]> = em;
// generic attention
function attend<T extends Dim, B extends Dim, H extends Dim>(enc: Tensor<readonly [T, B, H]>, q: Tensor<readonly [B, H]>, t: T, b: B, h: H) {
  const s = contract(enc, q, h); return softmax(s, t); } // ERR: No overload matches this call
function attend2<T extends Dim, B extends Dim, H extends Dim>(enc: Tensor<readonly [T, B, H]>, q: Tensor<readonly [B, H]>, t: T, b: B, h: H) {
  const s = shaped(contract(enc as Tensor, q, h as Dim), [t, b]);  return shaped(contract(s as Tensor, enc, t as Dim), [b, h]); }
const at: Tensor<readonly [typeof batch, typeof hidden]> = attend2(enc, q1, src, batch, hidden);
function emb<P extends Shape>(ids: Tensor<P, "int">) { return gather(E, ids, word); }
const emt: Tensor<readonly [typeof time, typeof batch, typeof embed]> = emb(ids);
function normsum<B extends Dim, H extends Dim>(a: Tensor<readonly [B, H]>, h: H): Tensor<readonly [B]> { return sum(a, h); }
function normsum2<B extends Dim, H extends Dim>(a: Tensor<readonly [B, H]>): Tensor<readonly [B]> { return sum(a, -1); }
// grad on nested records, generic
const gg = grad(sum(q1), { enc: { U, W }, V: parameter("V", [hidden, label]) }); const ggw: Tensor<readonly [typeof hidden, typeof hidden]> = gg.enc.W;
// generic cell wrapper
type Cell<S, X, O> = (s: S, x: X) => { readonly state: S; readonly output: O };
function wrap<S, X, Sh extends Shape>(c: Cell<S, X, Tensor<Sh>>): Cell<S, X, Tensor<Sh>> { return (s, x) => { const r = c(s, x); return { state: r.state, output: tanh(r.output) }; }; }
function stack<S1, S2, X, M, O>(a: Cell<S1, X, M>, b: Cell<S2, M, O>): Cell<{ readonly a: S1; readonly b: S2 }, X, O> { return (s, x) => { const p = a(s.a, x), q = b(s.b, p.output); return { state: { a: p.state, b: q.state }, output: q.output }; }; }
const two = unroll(stack(wrap(rnnCell(word, hidden)), rnnCell(hidden, hidden)), { over: x, from: { a: zeros([batch, hidden]), b: zeros([batch, hidden]) } });
const twoc: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = two.outputs;
const deep = unroll(stack(lstm(word, hidden), lstm(hidden, hidden)), { over: x, from: { a: { h: zeros([batch, hidden]), c: zeros([batch, hidden]) }, b: { h: zeros([batch, hidden]), c: zeros([batch, hidden]) } } }); // nested state record: ERR with flat Tree

const centc: Tensor<readonly [typeof batch, typeof hidden]> = cent;
const mixed = mul(softmax(scores, src), enc); const mc: Tensor<readonly [typeof src, typeof batch, typeof hidden]> = mixed; // by name: [src,batch] x [src,batch,hidden]
function layerNorm<P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>) { const c = sub(a, sum(a, -1)); return mul(c, sum(mul(c, c), -1)); }
const ln: Tensor<readonly [typeof time, typeof batch, typeof word]> = layerNorm(x);
const outDeep: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = deep.outputs;
const wrongDeep: Tensor<readonly [typeof time, typeof batch, typeof label]> = deep.outputs; // ERR: is not assignable to type '"label"'
const sWl: Tensor<readonly [typeof hidden]> = sum(W, -1);
