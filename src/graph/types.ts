// Shapes for the compiler. A rule is a conditional type that gives a shape, or ShapeError<"the message">; an argument typed
// `Tensor<B> & Ok<Rule<A, B>>` makes the compiler print that message. Conditional types defer inside generic functions, so each op has
// overloads that *unify* first and one that *judges* last, for its message. The op's own rule stands in its own file; here is what they share.

import type { Dim, Shape } from "./dim.ts";
import type { DType, Tensor } from "./node.ts";

export interface ShapeError<M extends string> {
  readonly __shapeError: M;
}
/** Lets an argument pass when its rule gave a shape, and shows the rule's message when it did not. */
export type Ok<R> = R extends ShapeError<string> ? R : unknown;
export type Result<R, D extends DType = "float"> = R extends Shape ? Tensor<R, D> : Tensor<Shape, D>;

type Show<D> = D extends Dim<infer N, infer S> ? (number extends S ? N : `${N}=${S}`) : "?";
export type ShowDim<D> = Show<D>;
type Listed<S> = S extends readonly [infer H, ...infer R] ? (R extends readonly [] ? Show<H> : `${Show<H>}, ${Listed<R>}`) : "";
export type ShowShape<S> = `[${Listed<S>}]`;

/** The rank is not known: rules give way, and the graph is checked when it is built. */
export type Wide<S extends Shape> = number extends S["length"] ? true : false;
export type AnyWide<A extends Shape, B extends Shape> = true extends Wide<A> | Wide<B> ? true : false;
/** Keeps a tensor of unknown rank from posing as a scalar. */
export type Known<S extends Shape> = number extends S["length"] ? never : unknown;
/** Consistent, not equal: 8 ~ number ~ 9, but not 8 ~ 9. */
export type Same<A, B> = A extends B ? true : B extends A ? true : false;

/** B's dims are an ordered subset of A's, matched from the right. */
export type Within<A extends Shape, B extends Shape> = B extends readonly [...infer BI extends Shape, infer BL extends Dim]
  ? A extends readonly [...infer AI extends Shape, infer AL extends Dim]
    ? Same<AL, BL> extends true
      ? Within<AI, BI>
      : Within<AI, B>
    : false
  : true;

export type Broadcast<Op extends string, A extends Shape, B extends Shape> =
  AnyWide<A, B> extends true
    ? Shape
    : Within<A, B> extends true
      ? A
      : Within<B, A> extends true
        ? B
        : ShapeError<`${Op}: shapes do not broadcast: ${ShowShape<A>} and ${ShowShape<B>}`>;

export type Has<S extends Shape, D> = S extends readonly [infer H, ...infer R extends Shape]
  ? Same<H, D> extends true
    ? true
    : Has<R, D>
  : false;
/** S without every dim that D has. */
export type Minus<S extends Shape, D extends Shape> = S extends readonly [infer H extends Dim, ...infer R extends Shape]
  ? Has<D, H> extends true
    ? Minus<R, D>
    : readonly [H, ...Minus<R, D>]
  : readonly [];
export type Count<S extends Shape, D, N extends 0[] = []> = S extends readonly [infer H, ...infer R extends Shape]
  ? Count<R, D, Same<H, D> extends true ? [...N, 0] : N>
  : N["length"];
/** S with J in the place of D. */
export type Replace<S extends Shape, D, J extends Shape> = S extends readonly [infer H extends Dim, ...infer R extends Shape]
  ? Same<H, D> extends true
    ? readonly [...J, ...R]
    : readonly [H, ...Replace<R, D, J>]
  : readonly [];

/** An axis named by D: S when D occurs once in it, else the message. */
export type Axis<Op extends string, S extends Shape, D, R> =
  Wide<S> extends true
    ? Shape
    : Count<S, D> extends 1
      ? R
      : Count<S, D> extends 0
        ? ShapeError<`${Op}: no dimension ${Show<D>} in ${ShowShape<S>}`>
        : ShapeError<`${Op}: ${Show<D>} occurs twice in ${ShowShape<S>}; use -1, or rename one`>;

/** Two float operands (or a number, for a scalar) that broadcast; the result has dtype O. */
export interface Binary<Op extends string, O extends DType = "float"> {
  <S extends Shape>(a: Tensor<S>, b: number): Tensor<S, O>;
  <S extends Shape>(a: number, b: Tensor<S>): Tensor<S, O>;
  <S extends Shape>(a: Tensor<S>, b: Tensor<NoInfer<S>>): Tensor<S, O>;
  <A extends readonly [...Shape, ...S], S extends Shape>(a: Tensor<A>, b: Tensor<S> & Known<S>): Tensor<A, O>;
  <S extends Shape, B extends readonly [...Shape, ...S]>(a: Tensor<S> & Known<S>, b: Tensor<B>): Tensor<B, O>;
  <P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>, b: Tensor<NoInfer<P>>): Tensor<readonly [...P, D], O>;
  <A extends Shape, B extends Shape>(a: Tensor<A>, b: Tensor<B> & Ok<Broadcast<Op, A, B>>): Result<Broadcast<Op, A, B>, O>;
}

/** One float operand, shape kept. */
export type Unary<O extends DType = "float"> = <S extends Shape>(a: Tensor<S>) => Tensor<S, O>;

type Numeric = "float" | "int";

/** Two operands of one numeric dtype that broadcast; the result is bool. */
export interface Comparison<Op extends string> {
  <S extends Shape, D extends Numeric>(a: Tensor<S, D>, b: number): Tensor<S, "bool">;
  <S extends Shape, D extends Numeric>(a: number, b: Tensor<S, D>): Tensor<S, "bool">;
  <S extends Shape, D extends Numeric>(a: Tensor<S, D>, b: Tensor<NoInfer<S>, NoInfer<D>>): Tensor<S, "bool">;
  <A extends readonly [...Shape, ...S], S extends Shape, D extends Numeric>(
    a: Tensor<A, D>,
    b: Tensor<S, NoInfer<D>> & Known<S>,
  ): Tensor<A, "bool">;
  <S extends Shape, B extends readonly [...Shape, ...S], D extends Numeric>(
    a: Tensor<S, D> & Known<S>,
    b: Tensor<B, NoInfer<D>>,
  ): Tensor<B, "bool">;
  <P extends Shape, E extends Dim, D extends Numeric>(
    a: Tensor<readonly [...P, E], D>,
    b: Tensor<NoInfer<P>, NoInfer<D>>,
  ): Tensor<readonly [...P, E], "bool">;
  <A extends Shape, B extends Shape, D extends Numeric>(
    a: Tensor<A, D>,
    b: Tensor<B, NoInfer<D>> & Ok<Broadcast<Op, A, B>>,
  ): Result<Broadcast<Op, A, B>, "bool">;
}

/** Two bool operands that broadcast. */
export interface Logical<Op extends string> {
  <S extends Shape>(a: Tensor<S, "bool">, b: Tensor<NoInfer<S>, "bool">): Tensor<S, "bool">;
  <A extends readonly [...Shape, ...S], S extends Shape>(a: Tensor<A, "bool">, b: Tensor<S, "bool"> & Known<S>): Tensor<A, "bool">;
  <S extends Shape, B extends readonly [...Shape, ...S]>(a: Tensor<S, "bool"> & Known<S>, b: Tensor<B, "bool">): Tensor<B, "bool">;
  <P extends Shape, E extends Dim>(
    a: Tensor<readonly [...P, E], "bool">,
    b: Tensor<NoInfer<P>, "bool">,
  ): Tensor<readonly [...P, E], "bool">;
  <A extends Shape, B extends Shape>(
    a: Tensor<A, "bool">,
    b: Tensor<B, "bool"> & Ok<Broadcast<Op, A, B>>,
  ): Result<Broadcast<Op, A, B>, "bool">;
}

type Broadcast3<C extends Shape, A extends Shape, B extends Shape> =
  Broadcast<"where", A, B> extends infer R ? (R extends Shape ? Broadcast<"where", C, R> : R) : never;

/** A condition and two operands of one dtype, all of which broadcast. */
export interface Where {
  <S extends Shape>(condition: Tensor<S, "bool">, a: Tensor<NoInfer<S>>, b: Tensor<NoInfer<S>> | number): Tensor<S>;
  <S extends Shape, C extends Shape, D extends DType>(
    condition: Tensor<C, "bool"> & Known<C>,
    a: Tensor<S & readonly [...NoInfer<C>, ...Shape], D>,
    b: Tensor<NoInfer<S>, NoInfer<D>>,
  ): Tensor<S, D>;
  <C extends Shape>(condition: Tensor<C, "bool">, a: number, b: number): Tensor<C>;
  <C extends Shape, A extends Shape, D extends DType>(
    condition: Tensor<C, "bool">,
    a: Tensor<A, D> & Ok<Broadcast<"where", C, A>>,
    b: number,
  ): Result<Broadcast<"where", C, A>, D>;
  <C extends Shape, B extends Shape, D extends DType>(
    condition: Tensor<C, "bool">,
    a: number,
    b: Tensor<B, D> & Ok<Broadcast<"where", C, B>>,
  ): Result<Broadcast<"where", C, B>, D>;
  <C extends Shape, A extends Shape, B extends Shape, D extends DType>(
    condition: Tensor<C, "bool">,
    a: Tensor<A, D>,
    b: Tensor<B, NoInfer<D>> & Ok<Broadcast3<C, A, B>>,
  ): Result<Broadcast3<C, A, B>, D>;
}
