// Shapes for the compiler. A rule is a conditional type that gives a shape, or ShapeError<"the message">; an argument typed
// `Tensor<B> & Ok<Rule<A, B>>` makes the compiler print that message. Conditional types defer inside generic functions, so each op has
// overloads that *unify* first and one that *judges* last, for its message. The op's own rule stands in its own file; here is what they share.

import type { Dim, Shape } from "./dim.ts";
import type { DType, Node, Tensor } from "./node.ts";

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

/** An axis as users name it: a dim, or a position from the end. */
export type AxisName = Dim | number;
type Last<S extends Shape> = S extends readonly [...Shape, infer D extends Dim] ? D : never;
type Init<S extends Shape> = S extends readonly [...infer I extends Shape, Dim] ? I : never;
/** The dim at an axis; never where there is none. */
export type DimAt<S extends Shape, K> = K extends Dim
  ? K
  : K extends -1
    ? Last<S>
    : K extends -2
      ? Last<Init<S>>
      : K extends -3
        ? Last<Init<Init<S>>>
        : never;
type Put<S extends Shape, K, J extends Shape> = K extends Dim
  ? Replace<S, K, J>
  : K extends -1
    ? readonly [...Init<S>, ...J]
    : K extends -2
      ? readonly [...Init<Init<S>>, ...J, Last<S>]
      : readonly [...Init<Init<Init<S>>>, ...J, Last<Init<S>>, Last<S>];

/** S with J in the place of axis K; or why S has no such axis. Further than three from the end the types leave it to the graph. */
export type AtAxis<Op extends string, S extends Shape, K, J extends Shape> =
  Wide<S> extends true
    ? Shape
    : K extends Dim
      ? Count<S, K> extends 1
        ? Put<S, K, J>
        : Count<S, K> extends 0
          ? ShapeError<`${Op}: no dimension ${Show<K>} in ${ShowShape<S>}`>
          : ShapeError<`${Op}: ${Show<K>} occurs twice in ${ShowShape<S>}; use -1, or rename one`>
      : K extends -1 | -2 | -3
        ? [DimAt<S, K>] extends [never]
          ? ShapeError<`${Op}: no axis ${K} in ${ShowShape<S>}`>
          : Put<S, K, J>
        : Shape;

// In brackets, or the compiler's wildcard would pass through as the result.
export type IsAny<T> = [0] extends [1 & T] ? true : false;
/** How often D certainly occurs in S. */
export type CertainCount<S extends Shape, D, N extends 0[] = []> = S extends readonly [infer H, ...infer R extends Shape]
  ? CertainCount<R, D, IsAny<H> extends true ? N : Same<H, D> extends true ? [...N, 0] : N>
  : N["length"];
type Twice<S extends Shape, D> =
  IsAny<D> extends true ? false : [D] extends [Dim] ? (CertainCount<S, D> extends 0 | 1 ? false : true) : false;
/**
 * Guards an axis that is known to be there against being there twice. In a generic function this cannot be known and is left to the graph: a
 * conditional type that is not distributive accepts whatever its branches do, and a branch is not looked at when its condition fails with
 * every type parameter read as `any`. Hence IsAny.
 */
export type Once<Op extends string, S extends Shape, D> =
  Twice<S, D> extends true ? ShapeError<`${Op}: ${Show<D>} occurs twice in ${ShowShape<S>}; use -1, or rename one`> : unknown;

/** Refuses what is wrong whatever a generic function is called with; by the same reasoning as `Once`. `Right` is true, or false. */
export type Unless<Right, Message extends string> = [IsAny<Right> extends true ? true : Right] extends [false]
  ? ShapeError<Message>
  : unknown;

/** Whether two dims' sizes are consistent, whatever their names. */
export type SameSize<A, B> = A extends Dim<string, infer S> ? (B extends Dim<string, S> ? true : false) : true;
/** Whether two shapes are consistent, dim by dim. */
export type SameShape<A extends Shape, B extends Shape> =
  AnyWide<A, B> extends true ? true : A extends B ? true : B extends A ? true : false;

/** Two float operands (or a number, for a scalar) that broadcast; the result has dtype O. */
export interface Binary<Op extends string, O extends DType = "float"> {
  <S extends Shape>(a: Tensor<S>, b: number): Tensor<S, O>;
  <S extends Shape>(a: number, b: Tensor<S>): Tensor<S, O>;
  <S extends Shape>(a: Tensor<S>, b: Tensor<NoInfer<S>>): Tensor<S, O>;
  <A extends readonly [...Shape, ...S], S extends Shape>(a: Tensor<A>, b: Tensor<S> & Known<S>): Tensor<A, O>;
  <S extends Shape, B extends readonly [...Shape, ...S]>(a: Tensor<S> & Known<S>, b: Tensor<B>): Tensor<B, O>;
  <P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>, b: Tensor<NoInfer<readonly [...P]>>): Tensor<readonly [...P, D], O>;
  <P extends Shape, D extends Dim>(a: Tensor<NoInfer<readonly [...P]>>, b: Tensor<readonly [...P, D]>): Tensor<readonly [...P, D], O>;
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
    b: Tensor<NoInfer<readonly [...P]>, NoInfer<D>>,
  ): Tensor<readonly [...P, E], "bool">;
  <P extends Shape, E extends Dim, D extends Numeric>(
    a: Tensor<NoInfer<readonly [...P]>, NoInfer<D>>,
    b: Tensor<readonly [...P, E], D>,
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
    b: Tensor<NoInfer<readonly [...P]>, "bool">,
  ): Tensor<readonly [...P, E], "bool">;
  <P extends Shape, E extends Dim>(
    a: Tensor<NoInfer<readonly [...P]>, "bool">,
    b: Tensor<readonly [...P, E], "bool">,
  ): Tensor<readonly [...P, E], "bool">;
  <A extends Shape, B extends Shape>(
    a: Tensor<A, "bool">,
    b: Tensor<B, "bool"> & Ok<Broadcast<Op, A, B>>,
  ): Result<Broadcast<Op, A, B>, "bool">;
}

/** The shape that three operands broadcast to: one of theirs, of which the others are ordered subsets. */
type Joined<C extends Shape, A extends Shape, B extends Shape> = true extends Wide<C> | Wide<A> | Wide<B>
  ? Shape
  : [Within<C, A>, Within<C, B>] extends [true, true]
    ? C
    : [Within<A, C>, Within<A, B>] extends [true, true]
      ? A
      : [Within<B, C>, Within<B, A>] extends [true, true]
        ? B
        : ShapeError<`where: shapes do not broadcast: ${ShowShape<C>} and ${ShowShape<A>} and ${ShowShape<B>}`>;
type Chosen = Node | number;
type ShapeOf<X> = X extends Tensor<infer S, infer _> ? S : readonly [];
type DTypeOf<X, Other> = X extends Tensor<infer _, infer D> ? D : Other extends Tensor<infer _, infer D> ? D : "float";
type SameDType<A, B> =
  DTypeOf<A, B> extends infer X extends DType
    ? DTypeOf<B, A> extends X
      ? X extends (A | B extends Node ? DType : Numeric)
        ? unknown
        : ShapeError<`where: a number cannot stand beside ${X}`>
      : ShapeError<`where: operand 3 is ${DTypeOf<B, A>}, expected ${X}`>
    : never;
/** A number stands for float or int. */
type NumberLike<D> = D extends Numeric ? number : never;

/** A condition and two operands of one dtype (a number takes the other's), all of which broadcast. */
export interface Where {
  <S extends Shape>(condition: Tensor<S, "bool">, a: number, b: number): Tensor<S>;
  <S extends Shape, D extends DType>(
    condition: Tensor<S, "bool">,
    a: Tensor<NoInfer<S>, D>,
    b: Tensor<NoInfer<S>, NoInfer<D>> | NumberLike<NoInfer<D>>,
  ): Tensor<S, D>;
  <S extends Shape, D extends Numeric>(condition: Tensor<S, "bool">, a: number, b: Tensor<NoInfer<S>, D>): Tensor<S, D>;
  // the condition lacks the last dim: a mask of the batch
  <P extends Shape, E extends Dim, D extends DType>(
    condition: Tensor<NoInfer<readonly [...P]>, "bool">,
    a: Tensor<readonly [...P, E], D>,
    b: Tensor<NoInfer<readonly [...P, E]>, NoInfer<D>> | NumberLike<NoInfer<D>>,
  ): Tensor<readonly [...P, E], D>;
  <P extends Shape, E extends Dim, D extends Numeric>(
    condition: Tensor<NoInfer<readonly [...P]>, "bool">,
    a: number,
    b: Tensor<readonly [...P, E], D>,
  ): Tensor<readonly [...P, E], D>;
  <C extends Shape, A extends Chosen, B extends Chosen>(
    condition: Tensor<C, "bool">,
    a: A,
    b: B & Ok<Joined<C, ShapeOf<A>, ShapeOf<B>>> & SameDType<A, B>,
  ): Result<Joined<C, ShapeOf<A>, ShapeOf<B>>, DTypeOf<A, B>>;
}
