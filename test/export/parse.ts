// Reads the DOT that the library writes, one statement a line, back into boxes and edges. Not a parser of DOT.

export interface Drawn {
  readonly boxes: ReadonlyMap<string, { readonly label: string; readonly frame: string | undefined; readonly colour: string }>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string; readonly role: string }[];
  readonly frames: readonly string[];
  /** The first line of a box. */
  readonly title: (id: string) => string;
  readonly all: (title: string) => readonly string[];
  readonly named: (title: string) => string | undefined;
}

const text = String.raw`"((?:[^"\\]|\\.)*)"`;
const box = new RegExp(`^\\s*${text} \\[(.*)\\];$`);
const edge = new RegExp(`^\\s*${text} -> ${text}(?: \\[(.*)\\])?;$`);
const roles: Readonly<Record<string, string>> = { "#c53030": "adjoint", "#b83280": "gradient", "#2f855a": "state", "#b7791f": "weight" };

function attribute(list: string | undefined, name: string): string {
  return new RegExp(`(?:^|, )${name}=${text}`).exec(list ?? "")?.[1] ?? "";
}

export function parsed(dot: string): Drawn {
  const boxes = new Map<string, { label: string; frame: string | undefined; colour: string }>();
  const edges: { from: string; to: string; label: string; role: string }[] = [];
  const frames: string[] = [];
  let frame: string | undefined;
  let inLegend = false;
  for (const line of dot.split("\n")) {
    const e = edge.exec(line);
    const b = box.exec(line);
    if (/^ {2}subgraph/.test(line)) {
      inLegend = line.includes("cluster_legend");
      frame = "";
    } else if (/^ {2}\}/.test(line)) frame = undefined;
    else if (/^ {4}graph/.test(line) && frame !== undefined && !inLegend) {
      frame = attribute(line, "label") || attribute(line.replace(/^\s*graph \[/, ""), "label");
      frames.push(frame);
    } else if (e !== null && !e[1]!.startsWith("legend_")) {
      edges.push({ from: e[1]!, to: e[2]!, label: attribute(e[3], "label"), role: roles[attribute(e[3], "color")] ?? "" });
    } else if (e === null && b !== null && !b[1]!.startsWith("legend_") && !attribute(b[2], "shape").includes("point")) {
      boxes.set(b[1]!, { label: attribute(b[2], "label"), frame: frame === "" ? undefined : frame, colour: attribute(b[2], "color") });
    }
  }
  const title = (id: string) => boxes.get(id)!.label.split("\\n")[0]!;
  const all = (name: string) => [...boxes.keys()].filter((id) => title(id) === name);
  return { boxes, edges, frames, title, all, named: (name) => all(name)[0] };
}
