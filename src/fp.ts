// The Either door: the verbs that can fail return Either<readonly Diagnostic[], A>. Everything else is the same as in clew.

export * from "./vocabulary.ts";
export { evaluate } from "./evaluate/evaluate.ts";
export { graph } from "./graph/graph.ts";
