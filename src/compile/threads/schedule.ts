// Who does what: a loop program is dealt out to threads. Every thread goes through the same pieces, one after the other, does its share of each, and
// waits for the others in between.
//
//   loop program ──►  for each statement: which axis is cut, or which thread does it alone
//                └─►  pieces: as many statements as can be done without waiting
//
// A thread that reads only what it wrote itself need not wait (ownership.ts). A time loop over a batch is such a piece as a whole: each thread goes
// through all steps with its own examples. Elsewhere statements are cut by rows or columns of their results, and so is what updates a parameter.

import type { ForStatement, Loop, LoopProgram, Precision, Statement } from "../loops.ts";
import type { MemoryPlan } from "../plan.ts";
import { Ground, type Touch, Touched, touchedAlone, touchedBy } from "./ownership.ts";
import { type Access, accessesOf, axesOf, costOf, cutsOf, type Leaf, shareOf, spaceOf } from "./shards.ts";

/** A barrier stands after each piece. */
export type Piece =
  /** By thread: what it does. */
  | { readonly kind: "work"; readonly shares: readonly (readonly Statement[])[] }
  /** All threads go through the steps together. */
  | { readonly kind: "steps"; readonly loop: Loop; readonly pieces: readonly Piece[] };

export interface Schedule {
  readonly threads: number;
  readonly pieces: readonly Piece[];
  /** Barriers in a run. */
  readonly barriers: number;
  /** Nanoseconds between them, in the mean and roughly. */
  readonly stretch: number;
}

/** Nanoseconds: what it takes threads to meet, and how long a program must be for them to be worth it. */
export interface Worth {
  readonly barrier: number;
  readonly program: number;
}

const usual: Worth = { barrier: 500, program: 40_000 };

/** The whole program on one thread. */
export function alone({ body }: LoopProgram): Schedule {
  return { threads: 1, pieces: [{ kind: "work", shares: [body] }], barriers: 0, stretch: Number.POSITIVE_INFINITY };
}

/** A program dealt out to so many threads; `alone` when it is too small for that. */
export function scheduled(program: LoopProgram, plan: MemoryPlan, precision: Precision, threads: number, worth: Worth = usual): Schedule {
  if (threads === 1) return alone(program);
  const dealer = new Dealer(threads, new Ground(plan.address, precision), worth.barrier);
  const serial = dealer.serial(program.body);
  if (serial < worth.program) return alone(program);
  const { pieces, cost, barriers } = dealer.list(program.body);
  const gained = serial - cost;
  return gained < worth.program / 4 ? alone(program) : { threads, pieces, barriers, stretch: cost / barriers };
}

/** How many steps a loop makes, in the mean. */
const stepsOf = ({ steps, range }: Loop): number => range?.often ?? steps;

/** What is done of a statement by whom. */
interface Deal {
  /** By thread: its part. */
  share(thread: number): readonly Statement[];
  readonly touches: readonly Touch[];
  /** Nanoseconds by thread, barriers aside. */
  readonly costs: readonly number[];
  /** Nanoseconds that it may cost those who read the results. */
  readonly later: number;
}

interface Dealt {
  readonly pieces: readonly Piece[];
  readonly cost: number;
  readonly barriers: number;
}

class Dealer {
  /** Statements in a time loop are looked at more than once. */
  private readonly dealt = new Map<Leaf, readonly Deal[]>();
  private readonly accesses = new Map<Leaf, readonly Access[]>();

  constructor(
    private readonly threads: number,
    private readonly ground: Ground,
    private readonly barrier: number,
  ) {}

  /** Nanoseconds on one thread. */
  serial(statements: readonly Statement[]): number {
    return statements.reduce((sum, s) => sum + (s.kind === "for" ? stepsOf(s.loop) * this.serial(s.body) : costOf(s)), 0);
  }

  list(statements: readonly Statement[]): Dealt {
    const pieces: Piece[] = [];
    let shares: Statement[][] = this.each(() => []);
    let touched = new Touched(this.ground);
    let loads = this.each(() => 0);
    let [cost, barriers] = [0, 0];
    const close = (): void => {
      if (touched.isEmpty) return;
      pieces.push({ kind: "work", shares });
      cost += Math.max(...loads) + this.barrier;
      barriers++;
      shares = this.each(() => []);
      touched = new Touched(this.ground);
      loads = this.each(() => 0);
    };
    for (const s of statements) {
      const deals = s.kind === "for" ? this.loop(s) : this.leaf(s);
      const waits = deals.map((deal) => touched.collides(deal.touches));
      const longer = ({ costs }: Deal): number => Math.max(...costs.map((c, i) => c + loads[i]!)) - Math.max(...loads);
      const price = (i: number): number => {
        const deal = deals[i]!;
        return deal.later + (waits[i] ? this.barrier + Math.max(...deal.costs) : longer(deal));
      };
      const best = deals.reduce((at, _, i) => (price(i) < price(at) ? i : at), 0);
      const together = s.kind === "for" ? this.together(s) : undefined;
      if (together !== undefined && together.cost + this.barrier < price(best)) {
        close();
        pieces.push({ kind: "steps", loop: (s as ForStatement).loop, pieces: together.pieces });
        cost += together.cost;
        barriers += together.barriers;
        continue;
      }
      const deal = deals[best]!;
      if (waits[best]) close();
      for (const [i, share] of shares.entries()) share.push(...deal.share(i));
      touched.add(deal.touches);
      loads = loads.map((load, i) => load + deal.costs[i]!);
    }
    close();
    return { pieces, cost, barriers };
  }

  private each<A>(of: (thread: number) => A): A[] {
    return Array.from({ length: this.threads }, (_, i) => of(i));
  }

  /** Cut along each of its axes, outermost first; or done by one thread alone. */
  private leaf(s: Leaf): readonly Deal[] {
    const known = this.dealt.get(s);
    if (known !== undefined) return known;
    const cost = costOf(s);
    const space = spaceOf(s);
    const cut = axesOf(s).flatMap((axis): readonly Deal[] => {
      const cuts = cutsOf(space[axis]!, this.threads);
      const touches = this.cut(s, space, axis, cuts);
      return touches === undefined
        ? []
        : [{ share: (i) => this.share(s, axis, cuts, i), touches, costs: this.parts(cost, cuts), later: 0 }];
    });
    const deals = [...cut, ...this.alone(s, this.accessesOf(s), cost, cut.length > 0)];
    this.dealt.set(s, deals);
    return deals;
  }

  private accessesOf(s: Leaf): readonly Access[] {
    const known = this.accesses.get(s) ?? accessesOf(s);
    this.accesses.set(s, known);
    return known;
  }

  /** Done by one thread, whichever. Most results are cut, and by those who read this one, too: they may have to wait for it. */
  private alone(s: Statement, accesses: readonly Access[], cost: number, divisible: boolean): readonly Deal[] {
    return this.each((thread) => ({
      share: (i) => (i === thread ? [s] : []),
      touches: touchedAlone(accesses, thread),
      costs: this.each((i) => (i === thread ? cost : 0)),
      later: divisible ? this.barrier / 2 : 0,
    }));
  }

  private parts(cost: number, cuts: readonly number[]): readonly number[] {
    return this.each((i) => (cost * (cuts[i + 1]! - cuts[i]!)) / cuts.at(-1)!);
  }

  private share(s: Leaf, axis: number, cuts: readonly number[], thread: number): readonly Leaf[] {
    const [from, to] = [cuts[thread]!, cuts[thread + 1]!];
    return from === to ? [] : [shareOf(s, axis, from, to)];
  }

  /** What the threads touch when a statement is cut; undefined when they would get into each other's way within it. */
  private cut(s: Leaf, space: readonly number[], axis: number, cuts: readonly number[]): readonly Touch[] | undefined {
    if (space[axis]! < 2) return undefined;
    const touches = touchedBy(this.accessesOf(s), space, axis, cuts);
    const touched = new Touched(this.ground);
    touched.add(touches);
    return touched.collides(touches) ? undefined : touches;
  }

  /** A time loop without waiting: by one thread alone, or everything in it cut along axes of one size, so that nobody reads what another one writes. */
  private loop(s: ForStatement): readonly Deal[] {
    const leaves = leavesOf(s.body);
    const cost = stepsOf(s.loop) * this.serial(s.body);
    const sizes = [...new Set(leaves.flatMap((leaf) => axesOf(leaf).map((axis) => spaceOf(leaf)[axis]!)))].filter((n) => n > 1);
    const split = sizes.flatMap((size) => this.split(s, leaves, size, cost));
    return [
      ...split,
      ...this.alone(
        s,
        leaves.flatMap((leaf) => this.accessesOf(leaf)),
        cost,
        split.length > 0,
      ),
    ];
  }

  private split(s: ForStatement, leaves: readonly Leaf[], size: number, cost: number): readonly Deal[] {
    const cuts = cutsOf(size, this.threads);
    const touched = new Touched(this.ground);
    const axes = new Map<Leaf, number>();
    for (const leaf of leaves) {
      const space = spaceOf(leaf);
      const found = axesOf(leaf).find((axis) => {
        const own = space[axis] === size ? this.cut(leaf, space, axis, cuts) : undefined;
        if (own === undefined || touched.collides(own)) return false;
        touched.add(own);
        return true;
      });
      if (found === undefined) return [];
      axes.set(leaf, found);
    }
    const share = (statements: readonly Statement[], thread: number): readonly Statement[] =>
      statements.flatMap((x): readonly Statement[] =>
        x.kind === "for" ? [{ ...x, body: share(x.body, thread) }] : this.share(x, axes.get(x)!, cuts, thread),
      );
    return [
      { share: (i) => (cuts[i] === cuts[i + 1] ? [] : share([s], i)), touches: touched.all, costs: this.parts(cost, cuts), later: 0 },
    ];
  }

  /** A time loop in which threads wait for each other in every step. */
  private together({ loop, body }: ForStatement): Dealt | undefined {
    if (this.serial(body) < 2 * this.barrier) return undefined;
    const { pieces, cost, barriers } = this.list(body);
    return { pieces, cost: stepsOf(loop) * cost, barriers: stepsOf(loop) * barriers };
  }
}

function leavesOf(statements: readonly Statement[]): readonly Leaf[] {
  return statements.flatMap((s) => (s.kind === "for" ? leavesOf(s.body) : [s]));
}
