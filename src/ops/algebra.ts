// The vocabulary of rules, interpreted over nodes: what derivative, lift and combine rules build with.

import type { Algebra } from "../graph/algebra.ts";
import { make } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import { absOp } from "./abs.ts";
import { addOp } from "./add.ts";
import { andOp } from "./and.ts";
import { broadcastNode } from "./broadcast.ts";
import { castNode } from "./cast.ts";
import { concatNode } from "./concat.ts";
import { contractNode } from "./contract.ts";
import { cosOp } from "./cos.ts";
import { divOp } from "./div.ts";
import { equalOp } from "./equal.ts";
import { expOp } from "./exp.ts";
import { fullNode, scalarNode } from "./full.ts";
import { gatherNode } from "./gather.ts";
import { indexNode } from "./index-at.ts";
import { iotaNode } from "./iota.ts";
import { lessOp } from "./less.ts";
import { lessEqualOp } from "./lessEqual.ts";
import { logOp } from "./log.ts";
import { maxNode } from "./max.ts";
import { maximumOp } from "./maximum.ts";
import { minimumOp } from "./minimum.ts";
import { mulOp } from "./mul.ts";
import { negOp } from "./neg.ts";
import { notOp } from "./not.ts";
import { orOp } from "./or.ts";
import { padNode } from "./pad.ts";
import { placeNode } from "./place.ts";
import { powOp } from "./pow.ts";
import { reshapeNode } from "./reshape.ts";
import { reverseNode } from "./reverse.ts";
import { scatterAddNode } from "./scatterAdd.ts";
import { sigmoidOp } from "./sigmoid.ts";
import { signOp } from "./sign.ts";
import { sinOp } from "./sin.ts";
import { sliceNode } from "./slice.ts";
import { softplusOp } from "./softplus.ts";
import { sqrtOp } from "./sqrt.ts";
import { stackNode } from "./stack.ts";
import { subOp } from "./sub.ts";
import { sumNode } from "./sum.ts";
import { tanhOp } from "./tanh.ts";
import { transposeNode } from "./transpose.ts";
import { whereOp } from "./where.ts";

const of =
  (op: Op) =>
  (...operands: Node[]): Node =>
    make(op, operands, {});

export const algebra: Algebra<Node> = {
  constant: scalarNode,
  add: of(addOp),
  sub: of(subOp),
  mul: of(mulOp),
  div: of(divOp),
  pow: of(powOp),
  maximum: of(maximumOp),
  minimum: of(minimumOp),
  neg: of(negOp),
  exp: of(expOp),
  log: of(logOp),
  sqrt: of(sqrtOp),
  abs: of(absOp),
  sign: of(signOp),
  sin: of(sinOp),
  cos: of(cosOp),
  tanh: of(tanhOp),
  sigmoid: of(sigmoidOp),
  softplus: of(softplusOp),
  less: of(lessOp),
  lessEqual: of(lessEqualOp),
  equal: of(equalOp),
  and: of(andOp),
  or: of(orOp),
  not: of(notOp),
  where: of(whereOp),
  full: fullNode,
  iota: iotaNode,
  cast: castNode,
  sum: sumNode,
  max: maxNode,
  broadcast: broadcastNode,
  transpose: transposeNode,
  reshape: reshapeNode,
  contract: contractNode,
  slice: sliceNode,
  pad: padNode,
  concat: concatNode,
  index: indexNode,
  place: placeNode,
  stack: stackNode,
  reverse: reverseNode,
  gather: gatherNode,
  scatterAdd: scatterAddNode,
};
