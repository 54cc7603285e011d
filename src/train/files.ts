// The one place of the library that knows of files. Node's module is asked for when a file is, never before: in a browser the library loads
// without it, and who asks for a file there is told. The specifier is computed, so that bundlers for the web leave it alone.
//
// A file is replaced as a whole or not at all: its bytes go to a file beside it, are forced to the disk, and take its name in one step (rename is
// atomic, POSIX), which is forced to the disk, too. Whoever is killed in between leaves the old file.

import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import { type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { ambientOrigin } from "../graph/source.ts";

export type FileTask<A> = TaskEither<readonly Diagnostic[], A>;

interface Handle {
  read(into: Uint8Array, offset: number, length: number, position: null): Promise<{ readonly bytesRead: number }>;
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Of node:fs/promises, what is used. */
interface FileSystem {
  readFile(path: string): Promise<Uint8Array>;
  open(path: string, flags: string): Promise<Handle>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
}

const node = "node:";

async function fileSystem(): Promise<FileSystem | undefined> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ `${node}fs/promises`)) as FileSystem;
  } catch {
    return undefined; // no Node: a browser
  }
}

const errorCode = (e: unknown): string => String((e as { readonly code?: unknown } | undefined)?.code ?? e);

const reasons: { readonly [code: string]: string } = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EEXIST: "a part of its path is a file, no folder",
  ENOTDIR: "a part of its path is a file, no folder",
  EACCES: "the system does not permit it",
  EPERM: "the system does not permit it",
  ENOSPC: "the disk is full",
  EROFS: "its disk takes no writing",
};

/** What happened with a file, as a diagnostic; a bug of ours, or of the runtime's, is thrown on. */
function told(op: string, path: string, done: string, e: unknown): readonly Diagnostic[] {
  const code = errorCode(e);
  if (!/^E[A-Z0-9]+$/.test(code)) throw e;
  return [
    diagnostic({ code: "BadFile", op, message: `"${path}" cannot be ${done}: ${reasons[code] ?? code}`, site: ambientOrigin().site }),
  ];
}

async function withFiles<A>(
  op: string,
  path: string,
  done: string,
  use: (files: FileSystem) => Promise<A>,
): Promise<E.Either<readonly Diagnostic[], A>> {
  const files = await fileSystem();
  if (files === undefined) {
    const hint = "in a browser, encodeSafetensors and decodeSafetensors give and take the bytes";
    return E.left([diagnostic({ code: "BadFile", op, message: `"${path}" cannot be ${done}: there are no files here`, hint })]);
  }
  try {
    return E.right(await use(files));
  } catch (e) {
    return E.left(told(op, path, done, e));
  }
}

/** A file's bytes. */
export function readFile(op: string, path: string): FileTask<Uint8Array> {
  return () => withFiles(op, path, "read", (files) => files.readFile(path));
}

/** A file's bytes, or undefined when there is no such file. */
export function readFileIfThere(op: string, path: string): FileTask<Uint8Array | undefined> {
  return () =>
    withFiles(op, path, "read", async (files) => {
      try {
        return await files.readFile(path);
      } catch (e) {
        if (errorCode(e) === "ENOENT") return undefined;
        throw e;
      }
    });
}

/** A file's bytes, part by part: one that no memory holds is read all the same. */
export function readFileParts(op: string, path: string, take: (part: Uint8Array) => void): FileTask<void> {
  return () =>
    withFiles(op, path, "read", async (files) => {
      const file = await files.open(path, "r");
      const part = new Uint8Array(2 ** 20);
      try {
        for (;;) {
          const { bytesRead } = await file.read(part, 0, part.length, null);
          if (bytesRead === 0) return;
          take(part.subarray(0, bytesRead));
        }
      } finally {
        await file.close();
      }
    });
}

let written = 0;

/** Writes a file as a whole or not at all; folders that are not there are made. */
export function writeFile(op: string, path: string, bytes: Uint8Array): FileTask<void> {
  return () =>
    withFiles(op, path, "written", async (files) => {
      const folder = /^(.*)[/\\]/.exec(path)?.[1] ?? ".";
      if (folder !== "") await files.mkdir(folder, { recursive: true });
      const beside = `${path}.${++written}.tmp`; // two writers in one process do not meet; what a killed one left is written over by the next
      try {
        await forced(await files.open(beside, "w"), (file) => file.writeFile(bytes));
        await files.rename(beside, path);
      } catch (e) {
        await files.rm(beside, { force: true });
        throw e;
      }
      try {
        await forced(await files.open(folder === "" ? "/" : folder, "r"), () => Promise.resolve());
      } catch {
        // Windows opens no folders, and needs not: there the rename itself is durable
      }
    });
}

async function forced(file: Handle, use: (file: Handle) => Promise<void>): Promise<void> {
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
