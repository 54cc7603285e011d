// Every primitive: what the law tests run on.

import { recordOf } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import * as vocabulary from "./index.ts";

export const registry: readonly Op[] = [...new Set(Object.values(vocabulary).flatMap((f) => recordOf(f) ?? []))];
